"""The virtual home: who measures when, and virtual days that wait until they were fetched."""

import asyncio
import random
from collections.abc import Coroutine
from datetime import datetime, time, timedelta
from typing import Any

from bumble.link import LocalLink

from tests.virtual.clock import PlayClock
from tests.virtual.cuff import Cuff
from tests.virtual.meter import Meter

Device = Cuff | Meter
POLL_SECONDS = 0.05


class Home:
    """A patient with a cuff and a meter."""

    def __init__(self, *, link: LocalLink, clock: PlayClock, cuff: Cuff, meter: Meter) -> None:
        self.link, self.clock, self.cuff, self.meter = link, clock, cuff, meter
        self.devices: dict[str, Device] = {cuff.key: cuff, meter.key: meter}
        self.playing: dict[str, int | bool] = {"day": 0, "days": 0, "done": False}
        self._work: set[asyncio.Task[None]] = set()

    async def power_on(self) -> None:
        for device in self.devices.values():
            await device.power_on()

    async def power_off(self) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        for device in self.devices.values():
            await device.power_off()

    async def measure(self, key: str, at_ms: int | None = None) -> dict[str, Any]:
        """Take a reading; the device then advertises for its minute."""
        device = self.devices[key]
        record = device.measure(at_ms)
        await device.advertise()
        return record

    def taken(self) -> list[dict[str, Any]]:
        records = [one for device in self.devices.values() for one in device.memory["records"]]
        return sorted(records, key=lambda record: (record["at_ms"], record["device"]))

    async def status(self) -> dict[str, Any]:
        return {
            "now_ms": self.clock.now_ms(),
            "playing": self.playing,
            "devices": {
                key: {
                    "bonded": await device.bonded(),
                    "pairing": device.pairing_mode,
                    "connected": device.connection is not None,
                    "own_time": device.own_time().isoformat(),
                    "taken": len(device.memory["records"]),
                    "waiting": len(device.waiting()),
                }
                for key, device in self.devices.items()
            },
        }

    def schedule(self, every: float) -> None:
        self._start(self._measure_each(every))

    def play(self, days: int) -> None:
        self.playing = {"day": 0, "days": days, "done": False}
        self._start(self._play(days))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _measure_each(self, every: float) -> None:
        while True:
            for key in self.devices:
                await asyncio.sleep(every)
                await self.measure(key)

    async def _play(self, days: int) -> None:
        """Each day's readings; time goes on when a reading was fetched."""
        while not all([await d.bonded() for d in self.devices.values()]):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)
        end = self.clock.now_ms()
        dice = random.Random(f"{self.cuff.seed} play {days}")
        for day in range(days):
            date = (self.clock.at(end) - timedelta(days=days - 1 - day)).date()
            for key, moment in _day(date, dice):
                at_ms = _wall_ms(moment, self.clock)
                if at_ms < end:
                    self.clock.move_to(at_ms)
                    await self.measure(key)
                    await self._fetched()
            self.playing["day"] = day + 1
        self.clock.return_to_real()
        self.playing["done"] = True

    async def _fetched(self) -> None:
        """Both devices have told everything and are alone again; time stands until then."""
        while any(device.waiting() or device.connection for device in self.devices.values()):
            await asyncio.sleep(POLL_SECONDS)
            for device in self.devices.values():
                if device.waiting() and not device.is_heard:
                    await device.advertise()


def _day(date: Any, dice: random.Random) -> list[tuple[str, datetime]]:
    """One glucose, one cuff reading, and every third evening or so a second one."""
    start = datetime.combine(date, time(6, 40)) + timedelta(minutes=dice.randrange(70))
    plan = [("meter", start), ("cuff", start + timedelta(minutes=4 + dice.randrange(20)))]
    if dice.random() < 0.35:
        evening = datetime.combine(date, time(19, 10)) + timedelta(minutes=dice.randrange(110))
        plan.append(("cuff", evening))
    return plan


def _wall_ms(moment: datetime, clock: PlayClock) -> int:
    return int(moment.replace(tzinfo=clock.zone()).timestamp() * 1000)
