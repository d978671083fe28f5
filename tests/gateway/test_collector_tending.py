"""What the collector does every few seconds."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.observation import Received
from gateway.buffer.devices import DeviceStore
from gateway.buffer.store import Status
from gateway.collector import Keeper, tending
from tests.virtual.clock import PlayClock


def test_tending_settles_anchors_the_time_and_states_how_many_devices_there_are(
    tmp_path: Path,
) -> None:
    stated: list[int] = []
    anchored: list[TimeAnchor] = []

    class Custody(Keeper):
        def settle(self) -> int:
            return 3

        def fate(self, _seq: int) -> Status | None:
            raise AssertionError("nothing of it is sealed yet")

        def keep_anchor(self, anchor: TimeAnchor) -> int:
            anchored.append(anchor)
            return len(anchored)

        def report(self, _received: object, *, devices: int) -> None:
            stated.append(devices)

    class Clock:
        synchronised = False

        def received(self) -> Received:
            return Received(
                wall_ms=5, boot="b", monotonic_ms=2, synchronised=self.synchronised, error_ms=1
            )

        def local(self) -> datetime:
            raise AssertionError("no device's clock is set here")

    clock = Clock()
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        store.pair("ble:00", profile="and/ua-651ble", name="cuff", at_ms=0)
        tend = tending(Custody(), store, clock)
        assert tend() == 3
        assert anchored == [], "a clock that is not synchronised anchors nothing"
        clock.synchronised = True
        assert [tend(), tend()] == [3, 3]
    assert [(a.wall_ms, a.monotonic_ms, a.boot, a.error_ms) for a in anchored] == [(5, 2, "b", 1)]
    assert stated == [1, 1, 1]


def test_a_pairing_is_proven_once_the_clinic_has_its_first_reading(tmp_path: Path) -> None:
    fates: dict[int, Status | None] = {}

    class Custody(Keeper):
        def settle(self) -> int:
            return 0

        def fate(self, seq: int) -> Status | None:
            return fates[seq]

        def keep_anchor(self, _anchor: TimeAnchor) -> int:
            return 1

        def report(self, _received: object, *, devices: int) -> None:
            assert devices == 1

    clock = PlayClock.create(tmp_path / "clock.json")
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        store.pair("ble:00", profile="and/ua-651ble", name="cuff", at_ms=0)
        tend = tending(Custody(), store, clock)
        tend()
        store.note_sealed("ble:00", seq=1, at_ms=1)
        for fate, state in (
            (Status.HELD, "sealed"),
            (None, "sealed"),
            (Status.REFUSED, "bonded"),  # another reading may prove it
        ):
            fates[1] = fate
            tend()
            assert store.all()[0].state == state
        store.note_sealed("ble:00", seq=2, at_ms=2)
        fates[2] = Status.RECEIVED
        tend()
        (device,) = store.all()
        assert (device.state, device.proven_ms is not None) == ("proven", True)
