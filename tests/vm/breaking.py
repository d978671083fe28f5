"""Daemon killed, power cut, mender called: whatever breaks, nothing acknowledged is lost.

Each break comes at another moment of a visit. What the devices have confirmations for is known
outside the guest, to the moment; see `witness.balance` for what counts as lost.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.virtual.peripheral import Peripheral
from tests.vm.debian import Suite
from tests.vm.lab import KILL_BLUETOOTHD, Lab
from tests.vm.machine import GuestError
from tests.vm.plan import Plan

READINGS = 3  # a visit's, so that there is a middle
Break = Callable[[], Awaitable[None]]
LEAVE = (
    "/opt/vitals/bin/python -c 'from pathlib import Path; from gateway.health import mender;"
    " from gateway.health.ladder import Rung; mender.leave("
    'Path("/var/lib/vitals/collector/mend.json"), rung=Rung.BLUETOOTHD_RESTART,'
    ' reason="test", boot=open("/proc/sys/kernel/random/boot_id").read().strip().replace("-", ""))'
    "'"
)


class Moment(NamedTuple):
    """When a break comes: `until` waits for it while the device's visit goes on."""

    name: str
    until: Callable[[Lab, Peripheral], Awaitable[None]]


async def mender_restarts_bluetoothd(lab: Lab, _: Suite, __: Plan) -> str:
    """As its units ship: the request of an account without rights, carried out by one with few."""
    before = await _daemon(lab)
    await lab.machine.must(f"runuser -u vitals-collector -- {LEAVE}")
    after = await _other_daemon(lab, before, 90 * lab.patience)
    records = await lab.machine.must("cat /var/lib/vitals-mender/mended.json")
    assert '"outcome":"done"' in records, records
    assert (await lab.machine.sh("test -e /var/lib/vitals/collector/mend.json")).status == 1
    await lab.visit(lab.cuff)
    return f"bluetoothd {before} became {after}; the hub went on by itself"


async def bluetoothd_killed(lab: Lab, _: Suite, plan: Plan) -> str:
    """SIGKILL; everything that follows, the product does by itself."""
    dice, collector = random.Random(5), await _collector(lab)
    devices: list[Peripheral] = [lab.cuff, lab.meter]
    worst = 0.0
    for number in range(plan.kills):
        device, moment = devices[number % len(devices)], MOMENTS[number % len(MOMENTS)]

        async def kill() -> None:
            lab.breaks.append(time.time())
            await lab.machine.must(KILL_BLUETOOTHD)

        worst = max(worst, await _broken_visit(lab, device, moment, kill, dice))
    found = await lab.settled(devices)
    assert found.is_whole, f"{found}; {await lab.log()}"
    assert await _collector(lab) == collector, "the collector was restarted"
    return f"{plan.kills} kills: {found}; longest until all was fetched {worst:.0f} s"


async def power_cut(lab: Lab, _: Suite, plan: Plan) -> str:
    """QEMU killed, the same disk booted again."""
    dice = random.Random(6)
    devices: list[Peripheral] = [lab.cuff, lab.meter]
    boots: list[float] = []
    for number in range(plan.cuts):
        device, moment = devices[number % len(devices)], MOMENTS[number % len(MOMENTS)]

        async def cut() -> None:
            await lab.cut()
            boots.append(await lab.start())

        await _broken_visit(lab, device, moment, cut, dice)
        found = await lab.settled(devices)
        assert found.is_whole, f"after cut {number + 1} ({moment.name}): {found}; {await lab.log()}"
    return f"{plan.cuts} cuts: {found}; boots {min(boots):.0f} to {max(boots):.0f} s"


async def power_cut_in_a_backlog(lab: Lab, _: Suite, plan: Plan) -> str:
    """A meter with many records, cut while it tells them: the rest is asked for again."""
    for _record in range(plan.backlog):
        lab.meter.measure()
    before = len(lab.witness.first_seen)
    await _woken_until(
        lab, lab.meter, lambda: len(lab.witness.first_seen) - before >= plan.backlog // 2
    )
    await lab.cut()
    seen = len(lab.witness.first_seen) - before
    await lab.start()
    await lab.fetched(lab.meter)
    found = await lab.settled([lab.meter])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return f"cut after {seen} of {2 * plan.backlog} frames: {found}"


async def _broken_visit(
    lab: Lab, device: Peripheral, moment: Moment, break_it: Break, dice: random.Random
) -> float:
    """Readings, the break at its moment; seconds from the break until all of them are fetched."""
    for _ in range(READINGS):
        device.measure()
    await moment.until(lab, device)
    await asyncio.sleep(dice.uniform(0, 0.3))
    began = time.monotonic()
    await break_it()
    await lab.fetched(device)
    return time.monotonic() - began


async def _nobody_there(lab: Lab, device: Peripheral) -> None:
    assert lab is not None
    assert device.connection is None


async def _connected(lab: Lab, device: Peripheral) -> None:
    await _woken_until(lab, device, lambda: device.connection is not None)


async def _first_confirmed(lab: Lab, device: Peripheral) -> None:
    left = len(device.waiting())
    await _woken_until(lab, device, lambda: len(device.waiting()) < left)


async def _first_committed(lab: Lab, device: Peripheral) -> None:
    """The commit is seen, and the break comes at once: whether it is durable shows now."""
    before = len(lab.witness.first_seen)
    await _woken_until(lab, device, lambda: len(lab.witness.first_seen) > before)


async def _all_confirmed(lab: Lab, device: Peripheral) -> None:
    await _woken_until(lab, device, lambda: not device.waiting())


MOMENTS = (
    Moment("nobody there", _nobody_there),
    Moment("connected", _connected),
    Moment("first confirmed", _first_confirmed),
    Moment("first committed", _first_committed),
    Moment("all confirmed", _all_confirmed),
)


async def _woken_until(lab: Lab, device: Peripheral, reached: Callable[[], bool]) -> None:
    limit_s = 120 * lab.patience
    try:
        async with asyncio.timeout(limit_s):
            while not reached():
                if not device.is_heard:
                    await device.advertise()
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise GuestError(f"nothing came in {limit_s:.0f} s; {await lab.log()}") from None


async def _daemon(lab: Lab) -> str:
    return await lab.machine.must("systemctl show -P MainPID bluetooth")


async def _other_daemon(lab: Lab, before: str, seconds: float) -> str:
    async with asyncio.timeout(seconds):
        while True:
            found = (await lab.machine.sh("systemctl show -P MainPID bluetooth")).out.strip()
            if found not in {"", "0", before}:
                return found
            await asyncio.sleep(1)


async def _collector(lab: Lab) -> str:
    return await lab.machine.must("systemctl show -P NRestarts vitals-collector")
