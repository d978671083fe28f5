"""What arrives opens a closed month by itself and voids the signature it touches.

The marks are cloud_sync.ledger.touched's.
"""

import time
from collections.abc import Callable
from datetime import date
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import func, select

from cloud_sync.ledger import (
    care_time,
    closing,
    device_details,
    entries,
    locks,
    people,
    practice_settings,
    reopening,
    snapshots,
    staff,
    tables,
    touched,
)
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.engine import Store
from cloud_sync.reopener import Reopener
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    CUFF,
    DOCTOR,
    NOTE,
    NURSE,
    assign,
    fact,
    ms,
    observe,
    people as add_people,
    work,
)

AT = ms("2026-02-03T12:00:00+00:00")
LATER = AT + 86_400_000
MONTH = "2026-01"
ON_FILE = (
    ("patient", {"established_on": "2024-05-01"}),
    ("consents", {"program": "RPM", "given_on": "2026-01-01"}),
    ("orders", {"program": "RPM", "ordered_on": "2026-01-01"}),
    ("episodes", {"program": "RPM", "start": "2026-01-01"}),
)


@pytest.fixture
def signed(store: Store) -> Store:
    """Ann's January: closed and signed; everything compared."""
    add_people(store)
    for kind, body in ON_FILE:
        fact(store, kind, body, "2026-01-01T05:00:00+00:00")
    assign(store, ANN, "2026-01-01T05:00:00+00:00")
    observe(store, "2026-01-02T13:00:00+00:00")
    work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    with store.write() as db:
        shown = closing.close(db, ANN, MONTH, author=NURSE, at_ms=AT).snapshot
        assert shown is not None
        closing.sign(db, ANN, MONTH, digest=shown.digest.hex(), staff_id=DOCTOR, at_ms=AT)
        reopening.settle(db, ANN, AT)
    assert marks(store) == 0
    return store


def marks(store: Store) -> int:
    with store.read() as db:
        return db.execute(select(func.count()).select_from(tables.month_touched)).scalar_one()


def stands(store: Store) -> tuple[closing.State, int, str | None]:
    """State, version and why the first version's signature does not hold, as recorded."""
    with store.read() as db:
        found = closing.standing(db, people.find(db, ANN), MONTH, LATER)
        assert found.changes == ()
        first = snapshots.versions(db, ANN, MONTH)[0]
        old = snapshots.signature_of(db, first.id)
        assert found.snapshot is not None
        return found.state, found.snapshot.version, old.void_reason if old else None


def after(store: Store, change: Callable[[], object]) -> tuple[closing.State, int, str | None]:
    change()
    Reopener(store, lambda: LATER).work()
    assert marks(store) == 0
    return stands(store)


def entered(store: Store, start: str, end: str, patient: str = ANN, **keys: Any) -> str:
    with store.write() as db:
        return care_time.enter(
            db,
            staff_id=NURSE,
            span=Span(patient_id=patient, program="RPM", start_ms=ms(start), end_ms=ms(end)),
            work=Work(activity="review", note=NOTE),
            at_ms=LATER - 1000,
            **keys,
        )


def test_an_entry_that_comes_late_voids_the_signature(signed: Store) -> None:
    said = after(
        signed,
        lambda: entered(signed, "2026-01-21T15:00:00+00:00", "2026-01-21T15:20:00+00:00"),
    )
    assert said[:2] == ("reopened", 2)
    assert said[2] is not None
    assert "1 time entry arrived" in said[2]
    assert "RPM minutes were 21, are 41" in said[2]
    with signed.read() as db:
        newest = snapshots.versions(db, ANN, MONTH)[-1]
        assert (newest.author, newest.reason) == (reopening.AUTHOR, said[2])
        recorded = db.execute(select(tables.attestation_void.c.author)).scalars().all()
        assert recorded == [reopening.AUTHOR]
        assert entries.head(db).size > 0


def test_a_correction_and_a_void_do_so_too(signed: Store) -> None:
    key = f"{0:032x}"
    said = after(
        signed,
        lambda: entered(
            signed,
            "2026-01-20T15:00:00+00:00",
            "2026-01-20T15:05:00+00:00",
            corrects=key,
            reason="ended five minutes in",
        ),
    )
    assert "RPM minutes were 21, are 5" in str(said[2])
    with signed.read() as db:
        newer = db.scalar(select(tables.care_time.c.id).where(tables.care_time.c.corrects == key))
    assert newer is not None

    def void() -> None:
        with signed.write() as db:
            care_time.void(
                db,
                care_time_id=newer,
                patient_id=ANN,
                staff_id=NURSE,
                reason="Never happened",
                at_ms=LATER - 10,
            )

    assert after(signed, void)[:2] == ("reopened", 3)


def test_what_is_on_file_a_setting_a_device_and_an_account_do_so(signed: Store) -> None:
    def on_file() -> None:
        with signed.write() as db:
            body = {"program": "RPM", "given_on": "2026-01-25"}
            people.record_fact(
                db, patient_id=ANN, kind="consents", body=body, author=NURSE, at_ms=LATER - 9,
                corrects=f"{1:032x}", reason="the form bears another date",
            )  # fmt: skip

    def setting() -> None:
        change = practice_settings.Change(
            name="late_entry_hours", value=12, effective_from_ms=ms("2026-01-01T05:00:00+00:00"),
            reason="Partners", recorded_at_ms=LATER - 8, author=NURSE,
        )  # fmt: skip
        with signed.write() as db:
            practice_settings.record(db, change)

    def test_unit() -> None:
        with signed.write() as db:
            device_details.record(
                db, CUFF, {"test": True}, effective_from=date(2026, 1, 1),
                reason="A unit for trials", author=NURSE, at_ms=LATER - 9,
            )  # fmt: skip

    def second_practitioner() -> None:
        with signed.write() as db:
            staff.create(
                db, signed, username="second", full_name="Second Doctor", role="clinician",
                billing_role="practitioner", password="correct horse battery", at_ms=LATER - 7,
            )  # fmt: skip

    for version, change in enumerate((on_file, setting, test_unit, second_practitioner), start=2):
        state, found, void = after(signed, change)
        assert (state, found) == ("reopened", version), change.__name__
        assert void is not None


def test_a_reading_that_moves_to_the_patient_opens_the_month(signed: Store) -> None:
    observe(signed, "2026-01-29T13:00:00+00:00", committed="2026-02-03T13:00:00+00:00")
    with signed.write() as db:
        touched.by_moved_readings(db, [(ANN, date(2026, 1, 29)), (None, None)])
    assert "1 reading arrived" in str(after(signed, lambda: None)[2])


def test_only_a_reading_of_a_month_that_is_over_is_marked(signed: Store) -> None:
    cases = [
        (ANN, date(2026, 2, 3), 0),
        (ANN, date(2026, 2, 1), 1),  # it may still be January where the patient lives
        (ANN, date(2026, 1, 31), 1),
        (BOB, date(2026, 1, 31), 1),  # Bob's January may be closing at this very moment
        (ANN, None, 1),
        (None, date(2026, 1, 31), 0),
    ]
    for patient_id, day, expected in cases:
        before = marks(signed)
        with signed.write() as db:
            touched.by_reading(db, patient_id, day, AT)
        assert marks(signed) - before == expected, (patient_id, day)


def test_what_changes_nothing_leaves_the_signature(signed: Store) -> None:
    def other_month() -> None:
        entered(signed, "2026-02-02T15:00:00+00:00", "2026-02-02T15:20:00+00:00")

    def new_name() -> None:
        with signed.write() as db:
            people.change_patient(db, ANN, {"name": "Ann B"}, author=NURSE, at_ms=LATER - 5)

    for change in (other_month, new_name):
        assert after(signed, change) == ("signed", 1, None)


def test_minutes_for_another_patient_at_the_same_time_open_this_month(signed: Store) -> None:
    def import_overlap() -> None:  # as an import brings it: the ledger's own door refuses it
        row = {
            "id": "9" * 32, "patient_id": BOB, "staff_id": NURSE, "program": "RPM",
            "start_ms": ms("2026-01-20T15:10:00+00:00"), "end_ms": ms("2026-01-20T15:30:00+00:00"),
            "activity": "review", "note": NOTE, "interactive": False, "mode": "none",
            "patients": 1, "measured": False, "entered_at_ms": LATER - 100,
        }  # fmt: skip
        with signed.write() as db:
            touched.by_row(db, tables.care_time, row)

    import_overlap()
    assert marks(signed) == 1
    with signed.read() as db:
        assert touched.waiting(db) == [ANN]


def test_an_export_does_not_wait_for_the_queue(signed: Store) -> None:
    work(signed, "2026-01-21T15:00:00+00:00", "2026-01-21T15:20:00+00:00")  # past every door
    assert marks(signed) == 0
    with signed.write() as db:
        found = reopening.settled(db, ANN, MONTH, LATER)
        assert (found.state, found.changes) == ("reopened", ())
        nobody_closed = reopening.settled(db, ANN, "2025-12", LATER)
    assert nobody_closed.state == "open"
    assert stands(signed)[:2] == ("reopened", 2)


def test_a_month_that_is_no_longer_over_keeps_its_mark(signed: Store) -> None:
    with signed.write() as db:
        touched.by_patient(db, ANN)
    Reopener(signed, lambda: ms("2026-02-01T04:00:00+00:00")).work()
    assert marks(signed) == 1


def test_a_table_nobody_described_marks_everything(signed: Store) -> None:
    with signed.write() as db:
        touched.by_row(db, tables.hub, {"id": "a"})  # neither patient nor device
    assert marks(signed) == 1


def test_the_thread_stops_when_it_is_told(signed: Store) -> None:
    part = Reopener(signed, lambda: LATER)
    thread = Thread(target=part.run)
    thread.start()
    entered(signed, "2026-01-21T15:00:00+00:00", "2026-01-21T15:20:00+00:00")
    while marks(signed):
        time.sleep(0.05)
    part.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert stands(signed)[0] == "reopened"


def test_a_comparison_waits_for_the_fact_that_is_just_arriving(signed: Store) -> None:
    """Readings and comparison lock the patient: neither sees half of the other."""

    def compare() -> None:
        with signed.write() as db:
            reopening.settle(db, ANN, LATER)

    with signed.write() as arriving:
        locks.share_readings(arriving, [ANN])  # as the opener does
        touched.by_reading(arriving, ANN, date(2026, 1, 31), AT)
        comparing = Thread(target=compare)
        comparing.start()
        time.sleep(0.3)  # long enough to reach the lock; too short, and the test proves less
        assert comparing.is_alive()
    comparing.join(20)
    assert marks(signed) == 0
