"""Every chained row gets its entry, in one gap-free order: both databases."""

import ast
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import audit, chain, entries, evidence, people
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.evidence import Sound
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.tables import CHAINED, entry, read_log
from tests.cloud_sync.ledger import records

ROOT = Path(__file__).parents[3]


def add(store: Store, name: str = "Rosa") -> str:
    with store.write() as db:
        return people.add_patient(db, name=name, zone="America/Denver", author="a" * 32, at_ms=5)


def sound(store: Store) -> bool:
    with store.read() as db:
        return isinstance(evidence.verify(db, {}), Sound)


def test_a_fact_and_its_entry_are_written_together_or_not_at_all(store: Store) -> None:
    patient = add(store)
    with store.read() as db:
        rows = db.execute(select(entry.c.seq, entry.c.kind, entry.c.row_id)).all()
        end = entries.head(db)
    assert [(row.seq, row.kind) for row in rows] == [(1, "patient"), (2, "patient_detail")]
    assert rows[0].row_id == patient
    with store.writer.connect() as db:
        audit.record(db, staff_id="a" * 32, patient_id=None, route="/", at_ms=6)
        db.rollback()
    with store.read() as db:
        assert entries.head(db) == end
    assert sound(store)


def test_writers_at_the_same_moment_make_one_chain(store: Store) -> None:
    threads = [threading.Thread(target=add, args=(store, f"P{n}")) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as db:
        assert entries.head(db).size == 12
    assert sound(store)


@pytest.mark.parametrize(("seq", "prev"), [(4, None), (2, None), (3, b"\0" * 32), (1, b"\0" * 32)])
def test_the_database_refuses_what_does_not_follow(
    store: Store, seq: int, prev: bytes | None
) -> None:
    add(store)
    with store.read() as db:
        last = entries.head(db).hash
    row = {
        "seq": seq, "kind": "k", "row_id": "r", "author": "a", "at_ms": 1, "leaf": b"l" * 32,
        "prev": prev or last, "hash": chain.link(prev or last, b"l" * 32),
    }  # fmt: skip
    with pytest.raises(DBAPIError), store.write() as db:
        db.execute(insert(entry).values(row))


def test_the_rows_of_an_older_clinic_are_adopted_once(store: Store) -> None:
    records.people(store)
    assert not sound(store)
    upgrade(store)
    assert sound(store)
    with store.write() as db:
        db.execute(insert(read_log).values(staff_id="x", route="/", at_ms=1))
    upgrade(store)
    assert not sound(store), "what came later past the door is not adopted"


def test_only_the_door_inserts_into_a_chained_table() -> None:
    names = {str(table.name) for table in CHAINED}
    found = []
    for path in (ROOT / "cloud_sync").rglob("*.py"):
        if path.name == "entries.py" or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("insert"):
                told = ast.unparse(node).split(".values")[0]
                found += [told for name in names if told.endswith((f"({name})", f"{name}.insert"))]
    assert found == []
    assert "insert(table)" in (ROOT / "cloud_sync/ledger/entries.py").read_text()


def test_a_chained_row_of_several_keys_has_one_name(store: Store) -> None:
    table = next(table for table in CHAINED if table.name == "care_time_review")
    assert entries.row_id(table, {"care_time_id": "ab", "observation_id": b"\1"}) == "ab:01"
    with store.read() as db:
        assert db.scalar(text("select count(*) from entry")) == 0
