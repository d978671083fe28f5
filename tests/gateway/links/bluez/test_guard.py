"""Daemon and bus go and come back, errors and leaks: real bleak, real guard, scripted daemon."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.links.ble import Limits, Radio
from gateway.links.bluez.guard import Bluez
from gateway.sessions.link import LinkError, RadioMuteError, RadioUnavailableError, Sighting
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import QUICK, sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_when_the_daemon_dies_links_drop_and_everything_is_made_anew(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        async with stand(tmp_path, cuff) as it:
            told = asyncio.Event()
            async with it.radio.connect(await sight(it, cuff)) as link:
                link.on_drop(told.set)
                await it.daemon.crash()
                await asyncio.wait_for(told.wait(), 2)
                assert not link.is_up
                with pytest.raises(LinkError):
                    await link.read("2A35")
            await it.daemon.start()
            await until(lambda: it.daemon.default is not None)
            async with it.radio.connect(await sight(it, cuff)) as link:
                assert "2A35" in link.channels
            assert cuff.connects == 2

    asyncio.run(story())


def test_a_scan_that_nobody_serves_any_longer_ends_and_the_next_one_hears(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        heard: list[Sighting] = []
        async with stand(tmp_path, cuff) as it:
            listening = asyncio.create_task(it.radio.listen(heard.append))
            await until(lambda: len(heard) > 0)
            await it.daemon.crash()
            with pytest.raises(RadioUnavailableError, match="systemctl status bluetooth"):
                await asyncio.wait_for(listening, 4)
            await it.daemon.start()
            heard.clear()
            listening = asyncio.create_task(it.radio.listen(heard.append))
            await until(lambda: len(heard) > 0)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(story())


def test_a_daemon_that_answers_nothing_ends_scan_and_link_until_it_is_restarted(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        heard: list[Sighting] = []
        limits = Limits(scan_start=0.2, connect=2.0, operation=2.0, disconnect=0.5)
        async with stand(tmp_path, cuff, limits=limits) as it:
            told = asyncio.Event()
            async with it.radio.connect(await sight(it, cuff)) as link:
                link.on_drop(told.set)
                scans = it.daemon.calls["StartDiscovery"]
                listening = asyncio.create_task(it.radio.listen(heard.append))
                await until(lambda: it.daemon.calls["StartDiscovery"] > scans)
                it.daemon.hangs = True
                with pytest.raises(RadioMuteError, match="does not answer"):
                    await asyncio.wait_for(listening, 4)
                assert told.is_set()
            with pytest.raises(RadioMuteError):
                await it.radio.listen(heard.append)
            await it.daemon.crash()  # restarted: it did not end when it was asked to
            it.daemon.hangs = False
            await it.daemon.start()
            heard.clear()
            listening = asyncio.create_task(_insisting(it.radio, heard))
            await until(lambda: len(heard) > 0)
            await until(lambda: it.daemon.default is not None)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(story())


async def _insisting(radio: Radio, heard: list[Sighting]) -> None:
    while True:
        with suppress(RadioUnavailableError):
            await radio.listen(heard.append)
        await asyncio.sleep(0.02)


def test_the_scan_a_dead_daemon_left_to_the_kernel_is_waited_out(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        heard: list[Sighting] = []
        async with stand(tmp_path, cuff) as it:
            listening = asyncio.create_task(it.radio.listen(heard.append))
            await until(lambda: len(heard) > 0)
            it.daemon.errors["StartDiscovery"] = ["org.bluez.Error.InProgress"] * 2
            heard.clear()
            it.bluez.on_loss()
            await until(lambda: len(heard) > 0)
            assert not it.daemon.errors["StartDiscovery"]
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(story())


def test_a_lost_bus_is_opened_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with stand(tmp_path, FakeDevice(bonded=True)) as it:
            ours = it.daemon.default
            assert it.bluez._bus is not None
            it.bluez._bus.disconnect()
            await until(lambda: it.daemon.default not in {ours, None})
            assert len(it.daemon.agents) == 1

    asyncio.run(story())


def test_a_doubled_signal_is_two_equal_values_to_whoever_listens(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            path = cuff.characteristic("2A35")
            await until(lambda: bool(it.daemon.notifying.get(path)))
            it.daemon.times_signalled = 2
            it.daemon.indicate(cuff, b"twice")
            await until(lambda: len(it.strays) == 2)
            assert it.strays[0] == it.strays[1]

    asyncio.run(story())


def test_a_stale_bond_looks_like_no_answer_and_the_bond_is_left_alone(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, stale=True)
        limits = Limits(connect=1.0, disconnect=1.0, operation=0.4)
        async with stand(tmp_path, cuff, limits=limits) as it:
            seen = await sight(it, cuff)
            with pytest.raises(LinkError, match="no answer in time"):
                async with it.radio.connect(seen):
                    raise AssertionError("it cannot connect")
            assert cuff.connects > 1
            assert it.daemon.calls["RemoveDevice"] == 0
            assert cuff.bonded

    asyncio.run(story())


def test_a_discovery_that_is_stuck_is_said_in_words(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice()
        async with stand(tmp_path, cuff) as it:
            it.daemon.errors["StartDiscovery"] = ["org.bluez.Error.InProgress"]
            with pytest.raises(RadioUnavailableError, match="InProgress"):
                await it.radio.scan(0.05)
            assert (await sight(it, cuff)).local_name == cuff.name

    asyncio.run(story())


def test_an_operation_that_is_in_progress_for_ever_ends_in_time(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        limits = Limits(operation=0.2, disconnect=1.0, connect=2.0)
        async with stand(tmp_path, cuff, limits=limits) as it:
            seen = await sight(it, cuff)
            async with it.radio.connect(seen) as link:
                it.daemon.errors["ReadValue"] = ["org.bluez.Error.InProgress"] * 500
                with pytest.raises(LinkError, match="no answer in time"):
                    await link.read("2A35")

    asyncio.run(story())


def test_only_a_person_who_asks_has_a_bond_removed(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        async with stand(tmp_path, cuff) as it:
            assert await it.bluez.remove(cuff.id)
            assert not cuff.bonded
            assert not await it.bluez.remove("ble:000000000000")
            assert it.daemon.calls["RemoveDevice"] == 1

    asyncio.run(story())


def test_three_hundred_drops_leak_no_descriptor(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff, limits=QUICK) as it:
            seen = await sight(it, cuff)

            async def drop_once() -> None:
                dropped = asyncio.Event()
                async with it.radio.connect(seen) as link:
                    link.on_drop(dropped.set)
                    it.daemon.drop(cuff)
                    await dropped.wait()

            await drop_once()
            before = descriptors()
            for _ in range(300):
                await drop_once()
            assert descriptors() == before

    asyncio.run(story())


def test_without_a_bus_it_says_so_and_keeps_trying(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    monkeypatch.setattr("gateway.links.bluez.guard.READY_SECONDS", 0.1)

    async def story() -> None:
        bluez = Bluez(retry_s=0.01)
        async with bluez.running():
            with pytest.raises(RadioUnavailableError, match="does not answer"):
                await bluez.remove("ble:c0ffee000054")

    asyncio.run(story())
