"""What is shown in an emulated machine, in this order: each goes on from the one before."""

import asyncio
import json
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


class Plan(NamedTuple):
    """How often; a release runs more."""

    reconnects: int = 2


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
}
NEEDED = ("boots", "pairs_just_works")
