"""The collector with real bleak and our own BlueZ code on a scripted bluetoothd."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from cloud_sync.contract.observation import Observation
from gateway.buffer.devices import DeviceStore
from gateway.collector import collect
from gateway.health.clock import SystemClock
from gateway.links.ble import Radio
from gateway.links.bluez.guard import Bluez
from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON, private_bus
from tests.support.fake_bluez.stand import QUICK, let_bleak_go, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
# Blood Pressure Measurement: 120/80/93 mmHg, 2026-11-24 08:30:00, pulse 60 (GATT Spec. Supplement)
FIRST = bytes.fromhex("0678005000 5d00 ea070b18081e00 3c00".replace(" ", ""))
SECOND = bytes.fromhex("0679005000 5d00 ea070b18091e00 3c00".replace(" ", ""))


def test_early_and_late_values_are_kept_once_each_and_a_daemon_that_dies_costs_none(
    tmp_path: Path,
) -> None:
    kept: dict[str, Observation] = {}

    def keep(observation: Observation) -> int:
        kept[observation.id] = observation
        return len(kept)

    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        with (
            private_bus(tmp_path) as address,
            closing(DeviceStore(tmp_path / "devices.db")) as store,
        ):
            store.pair(cuff.id, profile="beurer/bm54", name="cuff", at_ms=0)
            daemon = FakeBluez(address, cuff)
            daemon.times_signalled = 2
            await daemon.start()
            path = cuff.characteristic("2A35")
            cuff.early = [FIRST]
            bluez = Bluez(retry_s=0.02)
            work = collect(
                radio=Radio(bluez=bluez, limits=QUICK),
                custody_keep=keep,
                settle=lambda: 0,
                devices=store,
                clock=SystemClock(),
                hub="ab" * 16,
                software="test",
                hold_off_s=0.1,
            )
            task = asyncio.create_task(work)
            await until(lambda: len(kept) == 1)
            await until(lambda: path in bluez.standing._listeners)
            assert len(daemon.notifying[path]) == 1
            daemon.indicate(cuff, SECOND)
            await until(lambda: len(kept) == 2)
            assert [one.frame.raw for one in kept.values()] == [FIRST, SECOND]
            await daemon.crash()
            await until(lambda: store.all()[0].last_result == "complete")
            assert store.all()[0].state == "sealed"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await daemon.start()
            await let_bleak_go()
            await daemon.crash()

    asyncio.run(story())


def test_a_cuff_that_wants_its_clock_first_is_not_subscribed_to_while_away(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(name="A&D_UA-651BLE_1", bonded=True, discovered=True)
        other = FakeDevice(address="C0:FF:EE:00:00:55", bonded=True, discovered=True)
        with (
            private_bus(tmp_path) as address,
            closing(DeviceStore(tmp_path / "devices.db")) as store,
        ):
            store.pair(cuff.id, profile="and/ua-651ble", name="cuff", at_ms=0)
            store.pair(other.id, profile="beurer/bm54", name="cuff", at_ms=0)
            daemon = FakeBluez(address, cuff, other)
            daemon.errors["StartDiscovery"] = ["org.bluez.Error.Failed"] * 9
            await daemon.start()
            task = asyncio.create_task(
                collect(
                    radio=Radio(bluez=Bluez(retry_s=0.02), limits=QUICK),
                    custody_keep=lambda _: 1,
                    settle=lambda: 0,
                    devices=store,
                    clock=SystemClock(),
                    hub="ab" * 16,
                    software="test",
                )
            )
            await until(lambda: bool(daemon.notifying.get(other.characteristic("2A35"))))
            await asyncio.sleep(0.05)
            assert cuff.characteristic("2A35") not in daemon.notifying
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await let_bleak_go()
            await daemon.crash()

    asyncio.run(story())


def test_a_cuff_that_bluetoothd_connects_is_spoken_to_once_and_heard_until_it_hangs_up(
    tmp_path: Path,
) -> None:
    kept: list[bytes] = []

    def keep(observation: Observation) -> int:
        kept.append(observation.frame.raw)
        return len(kept)

    async def story() -> None:
        # a BM54, whose profile asks for it; it is up too shortly for the hub's own scan
        cuff = FakeDevice(bonded=True, discovered=True, advertises=False)
        with (
            private_bus(tmp_path) as address,
            closing(DeviceStore(tmp_path / "devices.db")) as store,
        ):
            store.pair(cuff.id, profile="beurer/bm54", name="cuff", at_ms=0)
            daemon = FakeBluez(address, cuff)
            await daemon.start()
            bluez = Bluez(retry_s=0.02)
            task = asyncio.create_task(
                collect(
                    radio=Radio(bluez=bluez, limits=QUICK),
                    custody_keep=keep,
                    settle=lambda: 0,
                    devices=store,
                    clock=SystemClock(),
                    hub="ab" * 16,
                    software="test",
                    hold_off_s=0.1,
                )
            )
            await until(lambda: bool(daemon.background))
            cuff.early = [FIRST]
            assert daemon.wake(cuff)
            await until(lambda: kept == [FIRST])
            await until(lambda: cuff.characteristic("2A35") in bluez.standing._listeners)
            daemon.indicate(cuff, SECOND)
            await until(lambda: len(kept) == 2)
            await until(lambda: store.all()[0].last_frames == 1 and not bluez.standing._listeners)
            contact = store.all()[0].last_contact_ms
            await asyncio.sleep(1.2)  # longer than the rest, and than a look around
            assert store.all()[0].last_contact_ms == contact
            daemon.indicate(cuff, FIRST)
            await until(lambda: kept == [FIRST, SECOND, FIRST])
            assert cuff.connected
            assert daemon.calls["Connect"] + daemon.calls["Disconnect"] == 0
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert daemon.calls["Disconnect"] == 1, "links end before the subscriptions do"
            assert (daemon.cleared, daemon.calls["StopNotify"]) == ([], 0)
            await let_bleak_go()
            await daemon.crash()

    asyncio.run(story())
