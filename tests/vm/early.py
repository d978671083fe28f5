"""A cuff that indicates right after encryption: heard by the product, not by plain bleak."""

import asyncio
import json

from tests.virtual.eager import EagerCuff
from tests.vm.debian import Suite
from tests.vm.lab import Lab, name_of
from tests.vm.pairing import HUB
from tests.vm.plan import Plan

CONNECTS_HEARD = (
    "systemd-run -q --unit=vm-monitor -p StandardOutput=file:/run/connects busctl monitor"
    " --match \"type='method_call',interface='org.bluez.Device1',member='Connect'\""
)
CONNECTS_COUNTED = "grep -c Member=Connect /run/connects || true"
PLAIN = "/opt/vitals/bin/python /opt/guest/plain.py"


async def early_indications(lab: Lab, _: Suite, plan: Plan) -> str:
    """Each connection is one the product made; a fresh collector each round need not rest first."""
    await lab.visit(*[cuff for cuff in lab.eager if not cuff.memory["subscribed"]])
    before, connections = _early(lab), 0
    while connections < plan.early:
        await lab.machine.must("systemctl restart vitals-collector", 90 * lab.patience)
        turn = lab.eager[: plan.early - connections]
        await lab.visit(*turn)
        connections += len(turn)
    confirmed = _early(lab) - before
    found = await lab.settled(lab.eager)
    assert found.is_whole, f"{found}; {await lab.log()}"
    assert confirmed == connections, f"{confirmed} of {connections} indications were early"
    return f"heard in {connections} of {connections} connections; {found}"


async def plain_bleak_hears_none(lab: Lab, _: Suite, plan: Plan) -> str:
    """The control, with the same cuffs and the same daemon: confirmed each time, never heard."""
    await lab.machine.must("systemctl stop vitals-collector", 60)
    addresses = " ".join(cuff.address for cuff in lab.eager)
    limit_s = (60 + 12 * plan.control) * lab.patience
    listening = asyncio.ensure_future(
        lab.machine.must(f"{PLAIN} {plan.control} {addresses}", limit_s)
    )
    confirmed, turn = 0, 0
    try:
        while not listening.done():
            confirmed += await _control_visit(lab.eager[turn % len(lab.eager)], listening)
            turn += 1
        heard = len(json.loads((await listening).splitlines()[-1]))
    finally:
        listening.cancel()
        await lab.machine.must("systemctl start vitals-collector", 60)
    assert confirmed >= plan.control, f"only {confirmed} indications were confirmed"
    assert heard == 0, f"plain bleak heard {heard} of {confirmed}: they show nothing"
    return f"plain bleak heard 0 of {confirmed} that were confirmed, in {plan.control} connections"


async def background_connections(lab: Lab, _: Suite, __: Plan) -> str:
    """Once every cuff wants it, bluetoothd connects by itself: nobody calls Connect."""
    await lab.machine.must(CONNECTS_HEARD)
    await lab.visit(lab.cuff)
    before = int(await lab.machine.must(CONNECTS_COUNTED))
    assert before, "the hub called Connect for a cuff that must wait, and it was not heard"
    for cuff in lab.cuffs:
        await lab.machine.must(f"{HUB} unpair {name_of(cuff)}", 90)
    await lab.machine.must("systemctl restart vitals-collector", 90 * lab.patience)
    for eager in lab.eager:
        await lab.first_visits([eager])
    await lab.visit(lab.eager[0])
    called = int(await lab.machine.must(CONNECTS_COUNTED)) - before
    await lab.machine.must("systemctl stop vm-monitor")
    found = await lab.settled(lab.eager)
    assert found.is_whole, f"{found}; {await lab.log()}"
    links = len(lab.eager) + 1
    assert 2 * called < links, f"the hub itself called Connect for {called} of {links}"
    return f"{links - called} of {links} links made by bluetoothd itself; {found}"


async def _control_visit(cuff: EagerCuff, listening: asyncio.Future[str]) -> bool:
    """A reading that is none of the product's; whether it was confirmed."""
    record = cuff.measure()
    while not listening.done() and (cuff.waiting() or cuff.connection is not None):
        if not cuff.is_heard:
            await cuff.advertise()
        await asyncio.sleep(0.1)
    return cuff.memory["records"].pop() is record and record["fetched"] is True


def _early(lab: Lab) -> int:
    return sum(cuff.early for cuff in lab.eager)
