import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.devices import (
    ARRIVALS_AT_ONCE,
    Device,
    DeviceStore,
    InUseError,
    read_devices,
)

CUFF = "ble:c0ffee000651"


def paired(store: DeviceStore, at_ms: int = 5) -> None:
    store.pair(CUFF, profile="and/ua-651ble", name="cuff", at_ms=at_ms)


def test_what_is_noted_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "collector" / "devices.db"
    with closing(DeviceStore(file)) as store:
        paired(store)
        store.note_kept(CUFF, 12)
        store.note_contact(CUFF, at_ms=9, result="complete", frames=2)
    expected = Device(
        id=CUFF,
        profile="and/ua-651ble",
        name="cuff",
        paired_ms=5,
        proven=True,
        last_kept=12,
        last_contact_ms=9,
        last_result="complete",
        last_frames=2,
    )
    assert read_devices(file) == [expected]
    with closing(DeviceStore(file)) as store:
        assert store.all() == [expected]
        assert store.get(CUFF) == expected
        assert store.get("ble:000000000000") is None


def test_a_bond_is_proven_by_data_alone(tmp_path: Path) -> None:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        paired(store)
        store.note_contact(CUFF, at_ms=6, result="complete", frames=0)
        assert not store.all()[0].proven
        store.note_contact(CUFF, at_ms=7, result="complete", frames=1)
        store.note_contact(CUFF, at_ms=8, result="failed", frames=0)
        assert store.all()[0].proven


def test_pairing_again_asks_for_everything_again(tmp_path: Path) -> None:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        paired(store)
        store.note_kept(CUFF, 12)
        paired(store, at_ms=50)
        assert [(d.paired_ms, d.last_kept, d.proven) for d in store.all()] == [(50, None, False)]


def test_an_arrival_number_is_never_given_twice_in_a_boot(tmp_path: Path) -> None:
    file = tmp_path / "devices.db"
    given: list[int] = []
    for _ in range(3):  # each time the process dies without a word
        store = DeviceStore(file)
        given += [store.next_arrival("boot a") for _ in range(ARRIVALS_AT_ONCE + 1)]
        store.close()
    assert given[0] == 1
    assert len(set(given)) == len(given)
    with closing(DeviceStore(file)) as store:
        assert [store.next_arrival("boot b"), store.next_arrival("boot b")] == [1, 2]
        assert store.next_arrival("boot a") > max(given)


def test_one_process_writes_and_others_read(tmp_path: Path) -> None:
    file = tmp_path / "devices.db"
    with closing(DeviceStore(file)) as store:
        paired(store)
        with pytest.raises(InUseError, match="collector is running"):
            DeviceStore(file)
        assert [device.id for device in read_devices(file)] == [CUFF]


def test_a_commit_waits_for_the_disk_and_leaves_no_shared_memory(tmp_path: Path) -> None:
    file = tmp_path / "devices.db"
    with closing(DeviceStore(file)) as store:
        paired(store)
        pragma = {
            name: store._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        }
        assert pragma == {"journal_mode": "delete", "synchronous": 3}  # EXTRA
        assert sorted(path.name for path in tmp_path.iterdir()) == ["devices.db", "devices.lock"]


def test_before_the_first_pairing_there_is_nothing_to_read(tmp_path: Path) -> None:
    assert read_devices(tmp_path / "devices.db") == []


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    file = tmp_path / "devices.db"
    DeviceStore(file).close()
    address = f"{file.as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as reader,
        pytest.raises(sqlite3.OperationalError),
    ):
        reader.execute("DELETE FROM device")


def test_a_device_is_struck_from_the_list_once(tmp_path: Path) -> None:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        store.pair("ble:c0ffee000651", profile="and/ua-651ble", name="cuff", at_ms=0)
        assert store.forget("ble:c0ffee000651")
        assert store.all() == []
        assert not store.forget("ble:c0ffee000651")
