"""Closing a month: a snapshot stays, what arrives later shows, signs and voids are new rows."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from cloud_sync.ledger import closing, device_details, practice_settings, snapshots, tables
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.people import find
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.schema import upgrade
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    CUFF,
    DOCTOR,
    NURSE,
    assign,
    fact,
    ms,
    observe,
    people,
    work,
)

AT = ms("2026-02-03T12:00:00+00:00")
LATER = AT + 86_400_000
MONTH = "2026-01"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once, then copied for each test: every row is flushed to the disk."""
    path = tmp_path_factory.mktemp("closing") / "clinic.db"
    found = open_store(f"sqlite:///{path}")
    upgrade(found)
    people(found)
    on = "2026-01-01T05:00:00+00:00"
    fact(found, "patient", {"established_on": "2024-05-01"}, on)
    fact(found, "consents", {"program": "RPM", "given_on": "2026-01-01"}, on)
    fact(found, "orders", {"program": "RPM", "ordered_on": "2026-01-01"}, on)
    fact(found, "episodes", {"program": "RPM", "start": "2026-01-01"}, on)
    assign(found, ANN, "2026-01-01T05:00:00+00:00")
    for day in range(2, 17):
        observe(found, f"2026-01-{day:02}T13:00:00+00:00")
    work(found, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    found.reader.dispose()  # before the writer, whose end brings the log into the file
    found.close()
    return path


@pytest.fixture
def store(prepared: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copy(prepared, tmp_path / "clinic.db")
    found = open_store(f"sqlite:///{tmp_path / 'clinic.db'}")
    yield found
    found.close()


def closed(store: Store, at_ms: int = AT) -> closing.Standing:
    with store.write() as db:
        return closing.close(db, ANN, MONTH, author=NURSE, at_ms=at_ms)


def signed(store: Store, shown: closing.Standing, at_ms: int = AT) -> closing.Standing:
    assert shown.snapshot is not None
    with store.write() as db:
        return closing.sign(
            db, ANN, MONTH, digest=shown.snapshot.digest.hex(), staff_id=DOCTOR, at_ms=at_ms
        )


def count(store: Store, table: str) -> int:
    with store.read() as db:
        return db.execute(
            select(func.count()).select_from(tables.metadata.tables[table])
        ).scalar_one()


def test_a_snapshot_says_what_it_rests_on(store: Store) -> None:
    found = closed(store)
    assert found.state == "ready"
    assert found.snapshot is not None
    facts = found.snapshot.facts
    assert [(one["code"], one["status"]) for one in facts["determination"]["lines"]] == [
        ("99445", "billable"),
        ("99457", "billable"),
    ]
    assert [(p["from"], p["to"], len(p["dates"])) for p in facts["days"]] == [
        ("2026-01-02", "2026-01-31", 15)
    ]
    assert facts["seconds"] == {"RPM": 21 * 60, "CCM": 0}
    assert len(facts["readings"]) == 15
    assert len(facts["time"]) == 1


def test_closing_again_changes_nothing_where_nothing_arrived(store: Store) -> None:
    first = closed(store)
    assert closed(store, LATER) == first
    assert count(store, "month_snapshot") == 1


def test_a_month_is_closed_when_it_is_over_at_the_patients_home(store: Store) -> None:
    midnight = ms("2026-02-01T00:00:00-05:00")
    with pytest.raises(Refused, match="not over"):
        closed(store, midnight - 1)
    assert closed(store, midnight).state == "ready"


def test_a_practitioner_signs_what_was_shown(store: Store) -> None:
    shown = closed(store)
    assert shown.snapshot is not None
    with store.write() as db, pytest.raises(Refused, match="practitioner"):
        closing.sign(db, ANN, MONTH, digest=shown.snapshot.digest.hex(), staff_id=NURSE, at_ms=AT)
    with store.write() as db, pytest.raises(Refused, match="meanwhile"):
        closing.sign(db, ANN, MONTH, digest="00" * 32, staff_id=DOCTOR, at_ms=AT)
    assert signed(store, shown).state == "signed"
    with pytest.raises(Refused, match="already"):
        signed(store, shown)


def test_a_late_reading_shows_reopens_and_voids(store: Store) -> None:
    shown = signed(store, closed(store))
    observe(store, "2026-01-29T13:00:00+00:00", committed="2026-02-03T13:00:00+00:00")
    with store.read() as db:
        seen = closing.standing(db, shown.patient, MONTH, LATER)
    assert seen.state == "reopened"
    assert (
        seen.changes
        == (
            "1 reading arrived",
            "99445 (2026-01-02 to 2026-01-31) was 1 x billable, is not earned",
            "99454 (2026-01-02 to 2026-01-31) was not earned, is 1 x needs_review",
            "device days were 15, are 16",
        )
        or "1 reading arrived" in seen.changes
    )
    with pytest.raises(Refused, match="arrived since"):
        signed(store, shown, LATER)
    again = closed(store, LATER)
    assert (again.state, again.changes, again.signature) == ("reopened", (), None)
    assert again.snapshot is not None
    assert again.snapshot.version == 2
    assert again.snapshot.reason == "; ".join(seen.changes)
    with store.read() as db:
        old = snapshots.versions(db, ANN, MONTH)[0]
        voided = snapshots.signature_of(db, old.id)
    assert old == shown.snapshot
    assert voided is not None
    assert voided.void_reason == again.snapshot.reason
    assert signed(store, again, LATER).state == "signed"


def test_moved_minutes_show_too(store: Store) -> None:
    shown = closed(store)
    work(
        store,
        "2026-01-20T15:00:00+00:00",
        "2026-01-20T15:21:00+00:00",
        program="CCM",
        corrects=f"{0:032x}",
        entered_at_ms=LATER - 1000,
    )
    with store.read() as db:
        changes = closing.standing(db, shown.patient, MONTH, LATER).changes
    assert "1 time entry arrived" in changes
    assert "RPM minutes were 21, are 0" in changes
    assert "99457 (2026-01-01 to 2026-01-31) was 1 x billable, is not earned" in changes


def test_a_fact_of_other_dates_that_the_case_rests_on_is_a_reason_too(store: Store) -> None:
    """December's reading of the cuff was nobody's, and stood in the case as such; then it is Bob's.

    January's own figures are what they were, but its packet could never be made again.
    """
    observe(store, "2025-12-20T13:00:00+00:00", patient_id=None)
    shown = signed(store, closed(store))
    with store.write() as db:
        december = tables.observation.c.measured_at_ms < ms("2026-01-01T00:00:00+00:00")
        db.execute(tables.observation.update().where(december).values(patient_id=BOB))
    again = closed(store, LATER)
    assert again.snapshot is not None
    assert shown.snapshot is not None
    assert again.snapshot.version == 2
    assert again.snapshot.reason is not None
    assert again.snapshot.reason.startswith("facts of other dates changed")
    assert again.snapshot.facts["determination"] == shown.snapshot.facts["determination"]
    assert count(store, "attestation_void") == 1
    assert closed(store, LATER + 1) == again


def test_a_person_opens_a_month_only_with_a_reason(store: Store) -> None:
    def reopen(reason: str) -> closing.Standing:
        with store.write() as db:
            return closing.reopen(db, ANN, MONTH, reason=reason, author=NURSE, at_ms=LATER)

    with pytest.raises(Refused, match="not been closed"):
        reopen("A note")
    signed(store, closed(store))
    with pytest.raises(Refused, match="why"):
        reopen("  ")
    found = reopen("The order was scanned late")
    assert (found.state, count(store, "attestation_void")) == ("reopened", 1)
    assert found.snapshot is not None
    assert (found.snapshot.version, found.snapshot.reason) == (2, "The order was scanned late")


def test_a_later_setting_leaves_a_closed_month_alone(store: Store) -> None:
    closed(store)

    def change(value: str, from_ms: int) -> None:
        row = practice_settings.Change(
            name="day_rule",
            value=value,
            effective_from_ms=from_ms,
            reason="Decided by the partners",
            recorded_at_ms=AT + 1,
            author=NURSE,
        )
        with store.write() as db:
            practice_settings.record(db, row)

    change("received", ms("2026-02-01T05:00:00+00:00"))
    assert closed(store, LATER).state == "ready"
    change("received", ms("2026-01-01T05:00:00+00:00"))
    assert "a setting of the practice changed" in str(closed(store, LATER).snapshot)


def test_a_device_described_anew_opens_the_month_it_touches(store: Store) -> None:
    def describe(since: date) -> None:
        with store.write() as db:
            device_details.record(
                db, CUFF, {"test": True}, effective_from=since, reason="was the demo unit",
                author=NURSE, at_ms=LATER,
            )  # fmt: skip

    signed(store, closed(store))
    describe(date(2026, 2, 1))
    with store.read() as db:
        assert closing.standing(db, find(db, ANN), MONTH, LATER).state == "signed"
    describe(date(2026, 1, 10))
    with store.read() as db:
        found = closing.standing(db, find(db, ANN), MONTH, LATER)
    assert found.state == "reopened"
    assert "what is recorded of a device, or its assignment, changed" in found.changes
    assert any(one.startswith("device days were") for one in found.changes)
