"""Daemon killed, power cut: whatever breaks, nothing acknowledged is lost.

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
from tests.vm.lab import ADAPTER_IS_UP, KILL_BLUETOOTHD, Lab
from tests.vm.machine import GuestError
from tests.vm.plan import Plan
from tests.vm.witness import Balance, Break

READINGS = 3  # a visit's, so that there is a middle


class Moment(NamedTuple):
    """When a break comes: `until` waits for it while the device's visit goes on."""

    name: str
    until: Callable[[Lab, Peripheral], Awaitable[None]]


class Killed(NamedTuple):
    """The daemon died in a visit of this device, when it had so many readings in its memory.

    The next device's visit is broken while this one still rests: no visit goes undisturbed.
    """

    device: Peripheral
    readings: int
    at: float  # wall clock of the test, seconds

    def fetched_after_s(self) -> float:
        """Until the last of these readings was fetched."""
        records: list[dict[str, int]] = self.device.memory["records"][: self.readings]
        return max(0.0, max(record["fetched_ms"] for record in records) / 1000 - self.at)


async def bluetoothd_killed(lab: Lab, _: Suite, plan: Plan) -> str:
    """SIGKILL; everything that follows, the product does by itself."""
    dice, collector = random.Random(5), await _collector(lab)
    devices: list[Peripheral] = [*lab.cuffs, lab.meter]
    kills = []

    async def kill() -> None:
        began = time.time()
        await lab.machine.must(KILL_BLUETOOTHD)
        lab.breaks.append(Break(began, time.time()))

    for number in range(plan.kills):
        device, moment = devices[number % len(devices)], MOMENTS[number % len(MOMENTS)]
        await _broken_visit(lab, device, moment, kill, dice)
        kills.append(Killed(device, len(device.memory["records"]), time.time()))
    heard = await lab.first_visits(lab.eager)
    lab.meter.measure()
    await lab.fetched(*devices)
    worst_s = max(killed.fetched_after_s() for killed in kills)
    found = await _at_the_end(lab)
    await lab.visit(lab.eager[0])
    again = await lab.settled(lab.eager[:1])
    assert again.is_whole, f"subscriptions do not stand again: {again}"
    assert await _collector(lab) == collector, "the collector was restarted"
    return (
        f"{plan.kills} kills: {found}; fetched within {worst_s:.0f} s; first visits of cuffs that"
        f" speak first: {heard} of {len(lab.eager)} heard, a later one too"
    )


async def power_cut(lab: Lab, _: Suite, plan: Plan) -> str:
    """QEMU killed, the same disk booted again."""
    dice = random.Random(6)
    devices: list[Peripheral] = [lab.cuff, lab.meter]
    boots: list[float] = []

    async def cut() -> None:
        await lab.cut()
        boots.append(await lab.start())

    for number in range(plan.cuts):
        device, moment = devices[number % len(devices)], MOMENTS[number % len(MOMENTS)]
        await _broken_visit(lab, device, moment, cut, dice)
        if number == plan.cuts - 1:
            lab.meter.measure()
        await lab.fetched(device, lab.meter)
        found = await lab.settled([lab.cuff])
        assert found.is_whole, f"after cut {number + 1} ({moment.name}): {found}; {await lab.log()}"
    found = await _at_the_end(lab)
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
    await lab.visit(lab.meter)
    found = await _at_the_end(lab)
    return f"cut after {seen} of {2 * plan.backlog} frames: {found}"


async def _at_the_end(lab: Lab) -> Balance:
    """After an undisturbed visit of the meter: it was asked for what is missing, so nothing is."""
    healed = await lab.settled([lab.meter])
    assert healed.is_whole, f"meter: {healed}; {await lab.log()}"
    assert not healed.in_window, f"the meter was not asked again: {healed}"
    found = await lab.settled([*lab.cuffs, lab.meter])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return found


async def _broken_visit(
    lab: Lab,
    device: Peripheral,
    moment: Moment,
    break_it: Callable[[], Awaitable[None]],
    dice: random.Random,
) -> None:
    """Readings, the break at its moment, a daemon that answers again."""
    for _ in range(READINGS):
        device.measure()
    await moment.until(lab, device)
    await asyncio.sleep(dice.uniform(0, 0.3))
    await break_it()
    await lab.machine.must(ADAPTER_IS_UP, 90 * lab.patience)


async def _nobody_there(lab: Lab, _: Peripheral) -> None:
    async with asyncio.timeout(60 * lab.patience):
        while any(each.connection is not None for each in lab.devices):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


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


async def _collector(lab: Lab) -> str:
    return await lab.machine.must("systemctl show -P NRestarts vitals-collector")
