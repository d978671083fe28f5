"""What is shown in an emulated machine, in this order: each goes on from the one before."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.vm import summary
from tests.vm.build import Suite
from tests.vm.lab import Lab
from tests.vm.machine import GuestError

# The system's own agent, as a technician's terminal gives it
AGENT = (
    "(sleep 2; echo agent NoInputNoOutput; sleep 1; echo default-agent; sleep 120)"
    " | bluetoothctl >/tmp/agent.log 2>&1 & sleep 6; "
)
AS_COLLECTOR = "runuser -u vitals-collector -- /opt/vitals/bin/"
DAEMON_BACK_SECONDS = 200.0


class Plan(NamedTuple):
    """How often; a release runs more."""

    reconnects: int = 2
    early: int = 3
    kills: int = 2
    cuts: int = 3


async def boots(lab: Lab, suite: Suite, _: Plan) -> str:
    seconds = await lab.machine.start()
    python = await lab.machine.must("python3 --version")
    assert f" {suite.python}." in python, python
    shown = await lab.machine.must(
        "uname -r; bluetoothctl --version; for i in $(seq 40); do"
        " bluetoothctl list | grep -q Controller && exit 0; sleep 0.5; done; exit 9"
    )
    kernel, bluez = shown.splitlines()[:2]
    return f"{seconds:.0f} s, kernel {kernel}, {bluez}, {python}"


async def pairs_just_works(lab: Lab, _: Suite, __: Plan) -> str:
    await lab.machine.must("systemctl stop vitals-collector", 60)
    pairing = f"{AS_COLLECTOR}vitals-hub pair --json --window 90"
    task = asyncio.ensure_future(lab.machine.must(AGENT + pairing, 200))
    while not task.done():  # somebody holds the button again when the cuff has gone quiet
        if not lab.cuff.is_heard and not await lab.cuff.bonded():
            await lab.cuff.set_pairing_mode(True)
        await asyncio.sleep(0.2)
    paired = json.loads((await task).splitlines()[-1])
    assert paired[0]["profile"] == "and/ua-651ble"
    assert await lab.cuff.bonded()
    await lab.machine.must("systemctl start vitals-collector", 60)
    state = await lab.machine.must("sleep 5; systemctl is-active vitals-collector")
    return f"bonded; the collector is {state}, as its unit ships"


async def bonded_cuff_reconnects(lab: Lab, _: Suite, plan: Plan) -> str:
    for _visit in range(plan.reconnects):
        await lab.visit()
    return await _all_there(lab, [record["raw"] for record in lab.cuff.memory["records"]])


async def early_indications(lab: Lab, _: Suite, plan: Plan) -> str:
    """Plain bleak is the control: what it hears would have needed no cure."""
    await lab.machine.must("systemctl stop vitals-collector", 60)
    lab.cuff.early = True
    try:
        plain = await _early(lab, "plain", plan.early)
        standing = await _early(lab, "standing", plan.early)
    finally:
        lab.cuff.early = False
    await lab.machine.must("systemctl start vitals-collector", 60)
    words = f"plain bleak heard {plain} of {plan.early}, a standing subscription {standing}"
    assert (plain, standing) == (0, plan.early), words
    return f"{words} of {plan.early}"


async def _early(lab: Lab, way: str, visits: int) -> int:
    """How many of the indications the cuff got confirmed were heard."""
    for _ in range(visits):
        await lab.home.measure("cuff")
    script = f"/opt/vitals/bin/python /opt/guest/early.py {way} {lab.cuff.address} {visits}"
    task = asyncio.ensure_future(lab.machine.must(script, 60.0 * visits))
    sent = [record["raw"] for record in lab.cuff.waiting()]
    while not task.done():
        if lab.cuff.waiting() and not lab.cuff.is_heard:
            await lab.cuff.advertise()
        await asyncio.sleep(0.2)
    heard = [json.loads(row) for row in (await task).splitlines() if row.startswith("[")]
    assert not lab.cuff.waiting(), "an indication was not confirmed"
    return len({raw for one in heard for raw in one} & set(sent))


async def bluetoothd_killed(lab: Lab, _: Suite, plan: Plan) -> str:
    before = len(await lab.raws())
    taken, slowest = [], 0.0
    for _kill in range(plan.kills):
        await lab.machine.must("systemctl kill -s KILL bluetooth")
        began = asyncio.get_running_loop().time()
        taken.append((await lab.visit(DAEMON_BACK_SECONDS))["raw"])
        slowest = max(slowest, asyncio.get_running_loop().time() - began)
    there = await _all_there(lab, taken)
    assert len(await lab.raws()) == before + plan.kills
    return f"{plan.kills} kills, the next reading within {slowest:.0f} s; {there}"


async def power_cuts(lab: Lab, _: Suite, plan: Plan) -> str:
    """Cut while the hub keeps readings as fast as it can; then the bond must still be there."""
    acknowledged = await _cut_and_boot(lab, plan.cuts, "")
    held = [observation.id for observation in await lab.held()]
    found = summary.balance(acknowledged, held)
    assert acknowledged, "nothing was acknowledged before the cuts"
    assert (found.lost, found.doubled) == (0, 0), str(found)
    await lab.machine.must("systemctl start vitals-collector", 60)
    after = await _all_there(lab, [(await lab.visit())["raw"]])
    return f"{plan.cuts} cuts: {found}; the bonded cuff afterwards: {after}"


async def power_cut_control(lab: Lab, _: Suite, __: Plan) -> str:
    """The same without `synchronous`: a cut that loses nothing then would show nothing."""
    acknowledged = await _cut_and_boot(lab, 1, "--careless")
    result = await lab.machine.sh(f"{AS_COLLECTOR}python /opt/guest/held.py >/dev/null", 120)
    if result.status:
        return "the database is damaged or gone, as it should be"
    found = summary.balance(acknowledged, [observation.id for observation in await lab.held()])
    assert found.lost, f"the control lost nothing: {found}"
    return f"1 cut without fsync: {found}"


async def _cut_and_boot(lab: Lab, cuts: int, option: str) -> set[str]:
    """The ids the hub acknowledged; each cut comes at another moment."""
    acknowledged: set[str] = set()
    for _ in range(cuts):
        await lab.machine.must("systemctl stop vitals-collector; chmod 666 /dev/virtio-ports/acks")
        feed = f"{AS_COLLECTOR}python /opt/guest/feed.py {option} >/tmp/feed.log 2>&1 &"
        await lab.machine.must(feed)
        first = await lab.machine.acks.line(90)
        await asyncio.sleep(random.uniform(1.0, 4.0))
        await lab.machine.cut()
        await asyncio.sleep(0.2)  # what was on its way out has arrived
        lines = [first, *lab.machine.acks.taken()]
        acknowledged |= {row.decode().strip() for row in lines}
        await lab.machine.start()
    return acknowledged


async def _all_there(lab: Lab, sent: list[str]) -> str:
    """Every one of these is sealed, once; the words to say so."""
    for _ in range(5):
        raws = await lab.raws()
        found = summary.balance(sent, [raw for raw in raws if raw in sent])
        if not found.lost:
            break
        await asyncio.sleep(2)
    if found.lost or found.doubled:
        raise GuestError(str(found))
    return str(found)


Scenario = Callable[[Lab, Suite, Plan], Awaitable[str]]
# With the most a scenario may take; the first two are what the rest stands on
ALL: dict[str, tuple[Scenario, float]] = {
    "boots": (boots, 300),
    "pairs_just_works": (pairs_just_works, 300),
    "bonded_cuff_reconnects": (bonded_cuff_reconnects, 500),
    "early_indications": (early_indications, 420),
    "bluetoothd_killed": (bluetoothd_killed, 600),
    "power_cuts": (power_cuts, 900),
    "power_cut_control": (power_cut_control, 420),
}
NEEDED = ("boots", "pairs_just_works")
