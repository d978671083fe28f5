"""bluetoothd connects by itself: asked for, refused, lost with the daemon, spoken over."""

import asyncio
from pathlib import Path

import pytest

from gateway.porch import watch_for
from gateway.profiles import find
from gateway.sessions.link import Sighting, Watch
from tests.support.fake_bluez.device import FakeDevice, full
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import Stand, sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
READING = bytes.fromhex("1e7600510060 00e7070b110e1e00 4800 00".replace(" ", ""))


def watching(*devices: FakeDevice, services: tuple[str, ...] = ("1810",)) -> Watch:
    names = frozenset(device.id for device in devices)
    return Watch(known=names, devices=names, called=names, services=frozenset(services))


def cuff(**how: object) -> FakeDevice:
    """A bonded cuff that BlueZ has met before."""
    return FakeDevice(bonded=True, discovered=True, **how)  # type: ignore[arg-type]


async def greeted(it: Stand, device: FakeDevice) -> tuple[asyncio.Task[None], Sighting]:
    """Listen until the device has come by itself."""
    heard: list[Sighting] = []
    listening = asyncio.create_task(it.radio.listen(heard.append))
    await until(lambda: any(one.device == device.id and one.visit for one in heard))
    return listening, next(one for one in heard if one.visit)


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_the_services_of_who_wants_it_are_registered_and_again_after_a_daemon_crash(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: list(it.daemon.background.values()) == [[full("1810")]])
            await it.daemon.crash()
            assert it.daemon.background == {}
            await it.daemon.start()
            await until(lambda: list(it.daemon.background.values()) == [[full("1810")]])
            it.radio.watch(watching(meter, services=("1808",)))
            await until(lambda: list(it.daemon.background.values()) == [[full("1808")]])
            it.radio.watch(Watch())
            await until(lambda: it.daemon.background == {})
            assert set(it.refusals) == {""}

    asyncio.run(story())


@pytest.mark.parametrize(
    "error",
    ["org.freedesktop.DBus.Error.UnknownMethod", "org.bluez.Error.NotSupported"],
)
def test_a_daemon_that_refuses_is_asked_once_and_everything_else_goes_on(
    tmp_path: Path, error: str
) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await it.daemon.crash()
            # a question that was under way while the daemon died does not count
            it.daemon.errors["RegisterApplication"] = [error] * 9
            await it.daemon.start()
            await until(lambda: error.rpartition(".")[2] in it.refusals)
            asked = it.daemon.calls["RegisterApplication"]
            await asyncio.sleep(0.5)  # twice the pause between looks
            assert it.daemon.calls["RegisterApplication"] == asked
            async with it.radio.connect(await sight(it, meter)) as link:
                assert link.channels == {"2A35"}

    asyncio.run(story())


def test_a_daemon_that_went_while_it_was_asked_has_not_refused(tmp_path: Path) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await it.daemon.crash()
            it.daemon.errors["RegisterApplication"] = ["org.freedesktop.DBus.Error.NoReply"]
            await it.daemon.start()
            await until(lambda: bool(it.daemon.background))
            assert set(it.refusals) == {""}

    asyncio.run(story())


def test_who_was_to_be_connected_and_was_not_is_connected_by_the_hub(tmp_path: Path) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.background))
            async with it.radio.connect(await sight(it, meter)) as link:
                assert link.channels == {"2A35"}
            assert it.daemon.calls["Connect"] == 1
            assert not meter.connected

    asyncio.run(story())


def test_only_services_that_all_their_devices_want_are_asked_for() -> None:
    short, usual = find("beurer/bm54"), find("and/ua-651ble")
    meter = find("accu-chek/guide")
    assert short is not None
    assert usual is not None
    assert meter is not None
    alone = watch_for({"ble:1": short, "ble:2": meter}, background=True)
    assert [sorted(some) for some in (alone.called, alone.services)] == [["ble:1"], ["1810"]]
    assert alone.devices == alone.known == {"ble:1", "ble:2"}
    mixed = watch_for({"ble:1": short, "ble:3": usual}, background=True)
    assert (mixed.known, mixed.devices) == (frozenset({"ble:1", "ble:3"}), frozenset({"ble:1"}))
    assert not mixed.called | mixed.services
    off = watch_for({"ble:1": short}, background=False)
    assert off.devices == {"ble:1"}
    assert not off.called | off.services
