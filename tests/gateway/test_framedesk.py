"""What is noted of a device while its frames are kept."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cloud_sync.contract.observation import Frame
from cloud_sync.contract.readings import Outcome
from gateway.buffer.devices import Device, DeviceStore
from gateway.framedesk import FrameDesk
from gateway.sessions.steps import Keep
from tests.gateway.sessions.scripted import NOON
from tests.virtual import payloads
from tests.virtual.clock import PlayClock

CUFF = "ble:c0ffee000054"
READING = payloads.blood_pressure(120, 80, 60, NOON)
NAN = bytes.fromhex("00ff07ff07ff07")  # after a failed inflation


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[DeviceStore]:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        store.pair(CUFF, profile="beurer/bm54", name="cuff", at_ms=0)
        yield store


def desk(store: DeviceStore, tmp_path: Path, kept: list[Frame]) -> FrameDesk:
    def keep(frame: Frame, _outcome: Outcome) -> int:
        kept.append(frame)
        return 40 + len(kept)

    clock = PlayClock.create(tmp_path / "clock.json")
    return FrameDesk(known(store), keep=keep, devices=store, clock=clock)


def known(store: DeviceStore) -> Device:
    device = store.get(CUFF)
    assert device is not None
    return device


def keep(at: FrameDesk, raw: bytes) -> None:
    at.keep(Keep(channel="2A35", raw=raw, outcome=at.decode("2A35", raw), clock=None))


def test_the_first_reading_alone_is_noted_for_the_proof_of_the_pairing(
    store: DeviceStore, tmp_path: Path
) -> None:
    kept: list[Frame] = []
    first = desk(store, tmp_path, kept)
    for raw in (b"\x16\x00", NAN, READING, READING):
        keep(first, raw)
    assert (known(store).state, known(store).sealed_seq) == ("sealed", 43)
    keep(desk(store, tmp_path, kept), READING)
    assert known(store).sealed_seq == 43
    assert [frame.arrival for frame in kept] == [1, 2, 3, 4, 5]


def test_what_it_says_unasked_is_kept_and_counts(store: DeviceStore, tmp_path: Path) -> None:
    kept: list[Frame] = []
    desk(store, tmp_path, kept).keep_stray("2A52", bytes([5, 0, 1, 0]))
    assert kept == []
    desk(store, tmp_path, kept).keep_stray("2A35", READING)
    assert (len(kept), known(store).state) == (1, "sealed")
    assert known(store).last_result == "complete: it spoke before it was asked"


def test_a_record_is_noted_as_kept_and_may_be_taken_back(
    store: DeviceStore, tmp_path: Path
) -> None:
    at = desk(store, tmp_path, [])
    at.progress(9)
    assert known(store).last_kept == 9
    at.progress(None)
    assert known(store).last_kept is None
