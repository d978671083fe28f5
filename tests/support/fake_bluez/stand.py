"""A private bus, a scripted bluetoothd, and the hub's own radio and BlueZ code on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from bleak.backends.bluezdbus.manager import get_global_bluez_manager

from gateway.links.ble import Limits, Radio
from gateway.links.bluez.answering import Answering
from gateway.links.bluez.guard import Bluez
from gateway.sessions.answers import Answers
from gateway.sessions.link import Ears, Sighting, Watch
from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import private_bus

QUICK = Limits(scan_start=2.0, connect=2.0, pair=2.0, operation=2.0, disconnect=1.0)


class Stand(NamedTuple):
    """What a test holds in its hands. `strays` are device, channel and value.

    `forgotten` are devices without their key, `refusals` what was said of the background;
    `attending` is the radio's long-lived side, which a test may end.
    """

    daemon: FakeBluez
    bluez: Bluez
    radio: Radio
    strays: list[tuple[str, str, bytes]]
    forgotten: list[str]
    refusals: list[str]
    attending: asyncio.Task[None]


@asynccontextmanager
async def stand(
    directory: Path,
    *devices: FakeDevice,
    answers: Answers | None = None,
    limits: Limits = QUICK,
    watch: Watch | None = None,
) -> AsyncIterator[Stand]:
    """Everything runs; the radio stands for all these devices."""
    with private_bus(directory) as address:
        daemon = FakeBluez(address, *devices)
        await daemon.start()
        asking = Answering(ask_s=0.1, answer_s=0.2)
        bluez = Bluez(answers, retry_s=0.02, refresh_s=0.2, answering=asking)
        radio = Radio(bluez=bluez, limits=limits)
        strays: list[tuple[str, str, bytes]] = []
        forgotten: list[str] = []
        refusals: list[str] = []

        def note(device: str, channel: str, value: bytes) -> None:
            strays.append((device, channel, value))

        names = frozenset(device.id for device in devices)
        radio.watch(watch or Watch(known=names, devices=names))
        ears = Ears(stray=note, key_missing=forgotten.append, background=refusals.append)
        task = asyncio.get_running_loop().create_task(radio.attend(ears))
        try:
            await until(lambda: daemon.default is not None)
            yield Stand(daemon, bluez, radio, strays, forgotten, refusals, task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await let_bleak_go()
            with suppress(AssertionError):
                await daemon.crash()


async def let_bleak_go() -> None:
    """Close the connection bleak keeps for the whole of an event loop."""
    manager = await get_global_bluez_manager()
    assert manager._bus is not None
    manager._bus.disconnect()
    assert manager._bus_watcher_task is not None
    await asyncio.wait({manager._bus_watcher_task})


async def until(true: Callable[[], bool], seconds: float = 4.0) -> None:
    for _ in range(int(seconds / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def sight(it: Stand, device: FakeDevice) -> Sighting:
    """The next advertisement of this device."""
    found = {sighting.device: sighting for sighting in await it.radio.scan(0.06)}
    return found[device.id]
