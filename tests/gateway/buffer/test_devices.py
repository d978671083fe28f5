import sqlite3
from collections.abc import Iterator
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
        store.note_sealed(CUFF, seq=4, at_ms=8)
        store.note_contact(CUFF, at_ms=9, result="complete", frames=2)
        store.note_proven(CUFF, at_ms=11)
    expected = Device(
        id=CUFF,
        profile="and/ua-651ble",
        name="cuff",
        paired_ms=5,
        proven=True,
        sealed_seq=4,
        sealed_ms=8,
        proven_ms=11,
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


def test_a_bond_is_proven_by_a_receipt_for_its_first_reading_alone(tmp_path: Path) -> None:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        paired(store)
        store.note_contact(CUFF, at_ms=7, result="complete", frames=1)
        assert store.all()[0].state == "bonded"
        store.note_sealed(CUFF, seq=1, at_ms=7)
        assert store.all()[0].state == "sealed"
        store.note_refused(CUFF)
        assert store.all()[0].state == "bonded"
        store.note_sealed(CUFF, seq=2, at_ms=8)
        store.note_proven(CUFF, at_ms=9)
        assert store.all()[0].state == "proven"
        store.pair(CUFF, profile="and/ua-651ble", name="cuff", at_ms=10)
        assert store.all()[0] == Device(id=CUFF, profile="and/ua-651ble", name="cuff", paired_ms=10)


def test_the_file_of_an_earlier_release_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "devices.db"
    columns = "id TEXT PRIMARY KEY, profile TEXT, name TEXT, paired_ms INTEGER, proven INTEGER,"
    columns += " last_kept INTEGER, last_contact_ms INTEGER, last_result TEXT, last_frames INTEGER"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE device ({columns})")
        db.execute("INSERT INTO device VALUES ('ble:00', 'a/b', 'c', 5, 1, 7, NULL, '', 0)")
    with closing(DeviceStore(path)) as store:
        store.note_sealed("ble:00", seq=3, at_ms=6)
        old = store.get("ble:00")
    assert old is not None
    assert (old.state, old.last_kept, old.sealed_seq) == ("proven", 7, 3)


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


def test_devices_from_a_backup_are_all_put_back_or_none(tmp_path: Path) -> None:
    def broken() -> Iterator[Device]:
        yield Device(id="ble:c0ffee000652", profile="and/ua-651ble", name="new", paired_ms=7)
        yield Device(id=CUFF, profile="and/ua-651ble", name="other", paired_ms=6)
        raise ZeroDivisionError

    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        paired(store)
        before = store.all()
        with pytest.raises(ZeroDivisionError):
            store.put_back(broken())
        assert store.all() == before
        store.put_back([Device(id=CUFF, profile="and/ua-651ble", name="other", paired_ms=6)])
        assert [(each.name, each.paired_ms) for each in store.all()] == [("other", 6)]
