"""What the ledger says of an erasure, and what speaks against a statement of one."""

from sqlalchemy import insert

from cloud_sync.ledger import erasures, sealing, tables
from cloud_sync.ledger.engine import Store

IDA, ACT, KEY = "a" * 32, "e" * 32, "b" * 32
DIGEST = b"\1" * 32


def test_what_was_erased_is_known_by_patient_and_year(store: Store) -> None:
    whose = sealing.patient(IDA)
    with store.write() as db:
        db.execute(
            insert(tables.erasure).values(
                id=ACT, statement=DIGEST, approved_by="Dora", keys_destroyed=1, erased_at_ms=9,
                author=IDA,
            )
        )  # fmt: skip
        for period in ("2026", sealing.FILE):
            db.execute(
                insert(tables.erased).values(
                    subject=whose, period=period, erasure_id=ACT, key_id=None
                )
            )
    with store.read() as db:
        found = erasures.of_patient(db, IDA)
        assert [(one.period, one.erased_at_ms) for one in found] == [("", 9), ("2026", 9)]
        assert erasures.of_patient(db, "f" * 32) == []
        assert erasures.records(db) == {(whose, ""), (whose, "2026")}


def test_a_statement_is_contradicted_by_a_key_that_is_there(store: Store) -> None:
    statement = {"erasure": ACT, "scopes": [{"key": None}, {"key": KEY}]}
    with store.write() as db:
        assert erasures.contradiction(db, statement, DIGEST) == "this ledger knows no such erasure"
        db.execute(
            insert(tables.erasure).values(
                id=ACT, statement=DIGEST, approved_by="Dora", keys_destroyed=1, erased_at_ms=9,
                author=IDA,
            )
        )  # fmt: skip
        assert erasures.contradiction(db, statement, DIGEST) is None
        assert "no such erasure" in (erasures.contradiction(db, statement, b"\2" * 32) or "")
        db.execute(insert(tables.data_key).values(id=KEY, subject="s", period="", wrapped=b""))
        assert "still there" in (erasures.contradiction(db, statement, DIGEST) or "")
