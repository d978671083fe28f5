"""bluetoothd connects by itself: asked for, refused, lost with the daemon, spoken over."""

import asyncio
from pathlib import Path

import pytest

from gateway.porch import watch_for
from gateway.profiles import find
from gateway.sessions.link import UNKNOWN_RSSI, LinkError, Sighting, Watch
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
            it.daemon.errors["RegisterApplication"] = [error]
            await it.daemon.start()
            await until(lambda: error.rpartition(".")[2] in it.refusals)
            asked = it.daemon.calls["RegisterApplication"]
            await asyncio.sleep(0.5)  # twice the pause between looks
            assert it.daemon.calls["RegisterApplication"] == asked
            async with it.radio.connect(await sight(it, meter)) as link:
                assert link.channels == {"2A35"}

    asyncio.run(story())


def test_who_is_connected_by_the_daemon_is_heard_at_once_and_spoken_to_over_the_same_link(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff(channels=("2A35", "2A2B"), values={"2A2B": b"time"})
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.notifying.get(meter.characteristic("2A35"))))
            await until(lambda: bool(it.daemon.background))
            meter.early = [READING]
            assert it.daemon.wake(meter)
            listening, seen = await greeted(it, meter)
            assert it.strays == [(meter.id, "2A35", READING)]
            assert (seen.rssi, seen.local_name) == (UNKNOWN_RSSI, meter.name)
            heard: list[tuple[str, bytes]] = []
            async with it.radio.connect(seen) as link:
                await link.subscribe("2A35", lambda *said: heard.append(said))
                it.daemon.indicate(meter, b"later")
                await until(lambda: len(heard) == 1)
                assert await link.read("2A2B") == b"time"
                await link.write("2A2B", b"noon")
            assert heard == [("2A35", b"later")]
            assert meter.values["2A2B"] == b"noon"
            assert meter.connected, "the device hangs up when it likes"
            it.daemon.indicate(meter, b"last")
            await until(lambda: len(it.strays) == 2)
            assert it.daemon.calls["Connect"] + it.daemon.calls["Disconnect"] == 0
            await ended(listening)

    asyncio.run(story())


def test_a_link_of_the_daemons_that_drops_is_told_and_the_next_is_another_visit(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            listening, first = await greeted(it, meter)
            told = asyncio.Event()
            async with it.radio.connect(first) as link:
                link.on_drop(told.set)
                it.daemon.drop(meter)
                await asyncio.wait_for(told.wait(), 2)
                assert not link.is_up
            await ended(listening)
            it.daemon.wake(meter)
            listening, second = await greeted(it, meter)
            assert second.visit > first.visit
            async with it.radio.connect(second) as link:
                link.on_drop(told.clear)
                await it.daemon.crash()
                await until(lambda: not link.is_up)
            await ended(listening)
            await it.daemon.start()

    asyncio.run(story())


def test_what_the_device_refuses_over_such_a_link_keeps_its_number(tmp_path: Path) -> None:
    async def story() -> None:
        meter = cuff(channels=("2A35", "2A2B"), refuses={"2A2B": 0x80})
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            listening, seen = await greeted(it, meter)
            async with it.radio.connect(seen) as link:
                with pytest.raises(LinkError, match="0x80") as told:
                    await link.write("2A2B", b"noon")
                assert told.value.att_error == 0x80
                with pytest.raises(LinkError, match="no characteristic 2A08"):
                    await link.read("2A08")
                it.daemon.errors["StartNotify"] = ["org.bluez.Error.NotPermitted"]
                it.bluez.standing.forget()
                with pytest.raises(LinkError, match="NotPermitted"):
                    await link.subscribe("2A35", lambda *_: None)
            await ended(listening)

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


def test_who_wants_its_clock_first_is_spoken_to_the_usual_way_even_if_it_came_by_itself(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff(name="A&D_UA-651BLE_1", channels=("2A35", "2A08"))
        async with stand(tmp_path, meter, watch=Watch(known=frozenset({meter.id}))) as it:
            it.daemon._connect(meter)
            listening, seen = await greeted(it, meter)
            async with it.radio.connect(seen) as link:
                assert it.daemon.calls["StartNotify"] == 0
                await link.subscribe("2A35", lambda *_: None)
            await ended(listening)
            assert not meter.connected
            assert it.daemon.calls["StopNotify"] == 0

    asyncio.run(story())


def test_stopping_while_connected_ends_the_link_before_the_subscription(tmp_path: Path) -> None:
    """Else BlueZ writes the CCCD back to 0, and some cuffs drop their bond for it."""

    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.notifying.get(meter.characteristic("2A35"))))
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            await until(lambda: bool(it.bluez.visitors.waiting()))
            await ended(it.attending)
            await until(lambda: not it.daemon.background)
            assert not meter.connected
            assert (it.daemon.switched_off, it.daemon.calls["StopNotify"]) == (0, 0)

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
