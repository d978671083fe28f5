from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.tables import patient

ROW = {"id": "0" * 32, "created_at_ms": 1, "author": "0" * 32}


def test_a_reader_can_change_nothing(store: Store) -> None:
    with pytest.raises(DBAPIError), store.read() as db:
        db.execute(patient.insert(), ROW)


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(DBAPIError), store.write() as db:
        db.execute(patient.insert(), [ROW, ROW])
    with store.read() as db:
        assert db.execute(patient.select()).all() == []


def test_a_reader_sees_one_state_however_long_it_looks(store: Store) -> None:
    with store.read() as db:
        assert db.execute(patient.select()).all() == []
        with store.write() as writer:
            writer.execute(patient.insert(), ROW)
        assert db.execute(patient.select()).all() == []


def test_what_a_conflict_skips_is_not_returned(store: Store) -> None:
    statement = store.insert(patient).on_conflict_do_nothing().returning(patient.c.id)
    with store.write() as db:
        assert db.scalars(statement, [ROW]).all() == [ROW["id"]]
        assert db.scalars(statement, [ROW]).all() == []


def test_sqlite_is_durable_and_a_visitor_leaves_checkpoints_to_the_owner(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a name # with ? marks.db'}"
    found = []
    for visitor in (False, True):
        store = open_store(url, visitor=visitor)
        upgrade(store)
        with store.write() as db:
            found.append(
                [
                    db.scalar(text(f"pragma {name}"))
                    for name in (
                        "journal_mode",
                        "synchronous",
                        "foreign_keys",
                        "wal_autocheckpoint",
                    )
                ]
            )
        with store.read() as db:
            assert db.execute(patient.select()).all() == []
        store.close()
    assert found == [["wal", 2, 1, 1000], ["wal", 2, 1, 0]]
