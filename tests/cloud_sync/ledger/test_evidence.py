"""An attacker who owns the database file: whatever is changed in it is found, and named."""

import random
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, StaticPool, create_engine, event, insert, select, text

from cloud_sync.ledger import (
    audit,
    care_time,
    checkpoints,
    evidence,
    people,
)
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.evidence import Fault, Sound
from cloud_sync.ledger.tables import envelope, metadata, opening
from tests.cloud_sync.ledger.attacks import ATTACK
from tests.support import seeded

ATTACKS = 2000
NOW = seeded.NOW_MS
WORK = Work(activity="a", note="Trend steady over the whole week.")


def fill(store: Store) -> dict[int, bytes]:
    """A small clinic with two checkpoints; the signed roots by size."""
    signed: dict[int, bytes] = {}

    def sign(size: int, root: bytes, _at_ms: int) -> str:
        signed[size] = root
        return f"note {size}"

    nurse = seeded.add_staff(store, roles=("clinician",))["clinician"]
    for number in range(4):
        with store.write() as db:
            if number % 2:
                seeded.add_device(db, f"ble:00000000000{number}", "unknown", "New")
            patient = people.add_patient(
                db, name=f"P{number}", zone=seeded.ZONE, author=nurse, at_ms=NOW
            )
            people.change_patient(db, patient, {"payer": "other"}, author=nurse, at_ms=NOW)
            people.record_fact(
                db, patient_id=patient, kind="patient", body={},
                author=nurse, at_ms=NOW,
            )  # fmt: skip
            span = Span(
                patient_id=patient, program="RPM", start_ms=number * 10_000,
                end_ms=number * 10_000 + 9_000,
            )  # fmt: skip
            old = care_time.enter(db, staff_id=nurse, span=span, work=WORK, at_ms=NOW)
            new = care_time.enter(
                db,
                staff_id=nurse,
                span=span,
                work=WORK,
                at_ms=NOW,
                corrects=old,
                reason="ended earlier",
            )
            if number % 2:
                care_time.void(
                    db, care_time_id=new, patient_id=patient, staff_id=nurse,
                    reason="Wrong patient.", at_ms=NOW,
                )  # fmt: skip
            audit.record(db, staff_id=nurse, patient_id=patient, route="/x", at_ms=NOW)
        with store.write() as db:
            seal(db, number)
        if number != 2:
            assert checkpoints.take(store, sign, NOW) == f"note {max(signed)}"
    return signed


def seal(db: Connection, number: int) -> None:
    """An envelope with its opening, as ingest and opener leave them."""
    body = bytes([number]) * 424
    row = {
        "id": sha256(body).digest(), "hub_id": seeded.HUB, "epoch": 1, "seq": number + 1,
        "suite": 1, "key_id": 1, "body": body, "committed_at_ms": NOW,
    }  # fmt: skip
    if number == 0:
        hub = {"id": seeded.HUB, "label": "h", "state": "active", "created_at_ms": NOW}
        db.execute(insert(metadata.tables["hub"]).values(link_up=False, **hub))
    db.execute(insert(envelope).values(row))
    db.execute(
        insert(opening).values(envelope_id=row["id"], outcome="unopenable", opened_at_ms=NOW)
    )


def test_a_sound_ledger_is_sound_on_both_databases(store: Store) -> None:
    signed = fill(store)
    with store.read() as db:
        found = evidence.verify(db, signed)
        assert isinstance(found, Sound), found
        assert (found.entries, found.signed) == (max(signed), max(signed))
        assert (found.in_batches, found.waiting) == (8, 0)
    with store.write() as db:
        seal(db, 9)
    with store.read() as db:
        waiting = evidence.verify(db, signed)
        assert isinstance(waiting, Sound)
        assert waiting.waiting == 2
        assert checkpoints.notes(db) == [f"note {size}" for size in sorted(signed)]
        assert isinstance(evidence.verify(db, signed | {max(signed): bytes(32)}), Fault)


@pytest.fixture(scope="module")
def owned(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Connection, dict[int, bytes]]]:
    """The attacker's copy: no triggers, no foreign keys, no unique index in the way."""
    path = tmp_path_factory.mktemp("owned") / "clinic.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{path}")
    signed = fill(store)
    store.close()
    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "connect", lambda raw, _record: _copy(path, raw))
    with engine.connect() as db:
        yield db, signed
    engine.dispose()


def _copy(path: Path, raw: Any) -> None:
    source = sqlite3.connect(path)
    source.backup(raw)
    source.close()
    for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        raw.execute(f"drop trigger {name}")
    raw.commit()
    raw.execute("pragma ignore_check_constraints = on")


def test_two_thousand_attacks_are_all_found(
    owned: tuple[Connection, dict[int, bytes]],
) -> None:
    db, signed = owned
    assert isinstance(evidence.verify(db, signed), Sound)
    db.rollback()
    rng = random.Random(20261124)
    for number in range(ATTACKS):
        attack = ATTACK[number % len(ATTACK)]
        attack(db, rng)
        found = evidence.verify(db, signed)
        assert isinstance(found, Fault), (number, attack.__name__)
        db.rollback()
    assert isinstance(evidence.verify(db, signed), Sound)


@pytest.mark.parametrize(
    ("statement", "what", "words"),
    [
        ("update staff set full_name = 'X'", "staff", "its name or role was altered, or when it"),
        ("update staff set role = 'admin'", "staff", "its name or role was altered, or when it"),
        ("delete from staff", "staff", "it was deleted"),
        ("update device set test = 1", "device", "what it was registered as was altered"),
        ("delete from device", "device", "it was deleted"),
    ],
)
def test_an_account_or_device_that_became_another_is_named(
    owned: tuple[Connection, dict[int, bytes]], statement: str, what: str, words: str
) -> None:
    db, signed = owned
    known = sorted(db.execute(select(metadata.tables[what].c.id)).scalars())
    db.execute(text(statement))
    found = evidence.verify(db, signed)
    assert isinstance(found, Fault)
    assert (found.what, found.words[: len(words)]) == (f"{what} {known[0]}", words)
    db.rollback()


def test_the_first_row_that_does_not_fit_is_named(
    owned: tuple[Connection, dict[int, bytes]],
) -> None:
    db, signed = owned
    db.execute(text("update care_time set note = 'Something else was done.' where start_ms = 0"))
    seq, row_id = db.execute(
        text("select seq, row_id from entry where kind = 'care_time' order by seq limit 1")
    ).one()
    found = evidence.verify(db, signed)
    assert found == Fault(
        what=f"entry {seq} (care_time {row_id})", words="the row or its entry was altered"
    )
    db.rollback()
    size = max(signed)
    db.execute(text("delete from entry where seq > :n"), {"n": size - 3})
    found = evidence.verify(db, signed)
    assert isinstance(found, Fault)
    assert found.what == f"entry {size - 2}"
    assert f"{size} entries were signed, {size - 3} are there" in found.words
    db.rollback()
    db.execute(text("update envelope set body = x'00' where seq = 2"))
    found = evidence.verify(db, signed)
    assert isinstance(found, Fault)
    assert found.what.startswith("envelope ")
    db.rollback()
