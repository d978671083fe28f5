"""One clock a worker, one program at a time, no second twice: on both databases."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DatabaseError

from cloud_sync.ledger import care_entries, care_time, people, staff
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.local_time import to_ms
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time as table
from tests.support import seeded

MINUTE = 60_000
T0 = to_ms(datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("America/Denver")))
WORK = Work(activity="Reviewed readings and trends", note="Trend steady over the week, no change.")
CALL = Work(
    activity="Called about a reading", note="Asked about cuff.", mode="phone", interactive=True
)


@pytest.fixture
def nurse(store: Store) -> str:
    return seeded.add_staff(store, roles=("clinician",))["clinician"]


@pytest.fixture
def patient(store: Store, nurse: str) -> str:
    return _patient(store, "Rosa Alvarez", nurse)


def _patient(store: Store, name: str, author: str) -> str:
    with store.write() as db:
        return people.add_patient(db, name=name, zone=seeded.ZONE, author=author, at_ms=T0)


def start(store: Store, nurse: str, patient: str, program: str, minute: int) -> None:
    with store.write() as db:
        care_time.start(
            db, staff_id=nurse, patient_id=patient, program=program, at_ms=T0 + minute * MINUTE
        )


def stop(
    store: Store, nurse: str, minute: int, work: Work = WORK, ended_ms: int | None = None
) -> str:
    with store.write() as db:
        return care_time.stop(
            db, staff_id=nurse, at_ms=T0 + minute * MINUTE, work=work, ended_ms=ended_ms
        )


def colleague(store: Store) -> str:
    with store.write() as db:
        return staff.create(
            db, store, username="omar", full_name="Omar", role="clinician",
            billing_role="clinical_staff", password=seeded.PASSWORD, at_ms=T0,
        )  # fmt: skip


def enter(
    store: Store,
    nurse: str,
    patient: str,
    first: int,
    last: int,
    *,
    program: str = "RPM",
    corrects: str | None = None,
) -> str:
    span = Span(
        patient_id=patient,
        program=program,
        start_ms=T0 + first * MINUTE,
        end_ms=T0 + last * MINUTE,
    )
    with store.write() as db:
        return care_time.enter(
            db,
            staff_id=nurse,
            span=span,
            work=WORK,
            at_ms=T0 + 600 * MINUTE,
            reason="it was otherwise" if corrects else "",
            corrects=corrects,
        )


def entries(store: Store, patient: str) -> list[tuple[str, int, int, bool, bool]]:
    with store.read() as db:
        found = care_entries.of_patient(db, patient, 0, T0 + 10_000 * MINUTE)
    return [
        (e.program, (e.start_ms - T0) // MINUTE, (e.end_ms - T0) // MINUTE, e.measured, e.corrected)
        for e in found
    ]


def test_the_clock_measures_the_interval(store: Store, nurse: str, patient: str) -> None:
    start(store, nurse, patient, "RPM", 0)
    identity = stop(store, nurse, 12, CALL)
    assert entries(store, patient) == [("RPM", 0, 12, True, False)]
    with store.read() as db:
        (entry,) = care_entries.of_staff(db, nurse, T0, T0 + MINUTE)
        assert care_time.running(db, nurse) is None
    assert (entry.id, entry.interactive, entry.mode) == (identity, True, "phone")
    assert entry.entered_at_ms == T0 + 12 * MINUTE


def test_a_second_clock_is_refused_whatever_patient_or_program(
    store: Store, nurse: str, patient: str
) -> None:
    other = _patient(store, "Walter Nguyen", nurse)
    start(store, nurse, patient, "RPM", 0)
    for who, program in ((patient, "RPM"), (patient, "CCM"), (other, "CCM")):
        with pytest.raises(Refused, match="Your RPM clock is running already"):
            start(store, nurse, who, program, 1)
    with store.read() as db:
        running = care_time.running(db, nurse)
    assert running is not None
    assert (running.patient_id, running.program) == (patient, "RPM")


def test_switching_ends_the_one_where_the_other_begins(
    store: Store, nurse: str, patient: str
) -> None:
    start(store, nurse, patient, "RPM", 0)
    with store.write() as db:
        care_time.switch(db, staff_id=nurse, program="CCM", at_ms=T0 + 7 * MINUTE, work=WORK)
    stop(store, nurse, 9)
    assert entries(store, patient) == [("RPM", 0, 7, True, False), ("CCM", 7, 9, True, False)]


@pytest.mark.parametrize(
    ("first", "last", "free"),
    [
        (0, 10, True),
        (20, 30, True),
        (5, 11, False),
        (10, 20, False),
        (12, 15, False),
        (19, 25, False),
        (5, 25, False),
    ],
)
def test_typed_time_must_not_overlap_what_the_worker_recorded(
    store: Store, nurse: str, patient: str, first: int, last: int, *, free: bool
) -> None:
    other = _patient(store, "Walter Nguyen", nurse)
    start(store, nurse, patient, "RPM", 10)
    stop(store, nurse, 20)
    if free:
        enter(store, nurse, other, first, last, program="CCM")
        assert entries(store, other) == [("CCM", first, last, False, False)]
        return
    with pytest.raises(Refused, match="You recorded RPM time in that interval already"):
        enter(store, nurse, other, first, last, program="CCM")
    assert entries(store, other) == []


def test_typed_time_must_not_overlap_the_running_clock(
    store: Store, nurse: str, patient: str
) -> None:
    start(store, nurse, patient, "RPM", 100)
    with pytest.raises(Refused, match="Your RPM clock is running in that interval"):
        enter(store, nurse, patient, 90, 101)
    enter(store, nurse, patient, 90, 100)


def test_two_workers_at_once_are_recorded_both(store: Store, nurse: str, patient: str) -> None:
    second = colleague(store)
    enter(store, nurse, patient, 0, 10)
    enter(store, second, patient, 5, 15)
    assert len(entries(store, patient)) == 2, "the rules count the patient's second once"


def test_two_requests_at_the_same_moment_record_once(
    store: Store, nurse: str, patient: str
) -> None:
    results: list[str] = []
    gate = threading.Barrier(4)

    def attempt() -> None:
        gate.wait()
        try:
            enter(store, nurse, patient, 0, 10)
        except Refused:
            results.append("refused")
        else:
            results.append("recorded")

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["recorded", "refused", "refused", "refused"]
    assert len(entries(store, patient)) == 1


def test_a_forgotten_clock_wants_the_time_the_work_ended(
    store: Store, nurse: str, patient: str
) -> None:
    start(store, nurse, patient, "RPM", 0)
    with pytest.raises(Refused, match="more than two hours"):
        stop(store, nurse, 121)
    with pytest.raises(Refused, match="not in the future"):
        stop(store, nurse, 121, ended_ms=T0 + 130 * MINUTE)
    stop(store, nurse, 121, ended_ms=T0 + 11 * MINUTE)
    assert entries(store, patient) == [("RPM", 0, 11, False, False)], "typed in, and says so"


def test_a_correction_is_a_new_row_and_the_old_one_stays(
    store: Store, nurse: str, patient: str
) -> None:
    old = enter(store, nurse, patient, 0, 10)
    new = enter(store, nurse, patient, 0, 8, program="CCM", corrects=old)
    assert entries(store, patient) == [
        ("RPM", 0, 10, False, True),
        ("CCM", 0, 8, False, False),
    ]
    with pytest.raises(Refused, match="corrected already"):
        enter(store, nurse, patient, 0, 9, corrects=old)
    enter(store, nurse, patient, 8, 10)  # the freed minutes may be used
    enter(store, nurse, patient, 0, 7, corrects=new)
    assert len(entries(store, patient)) == 4


def test_only_its_worker_corrects_an_entry(store: Store, nurse: str, patient: str) -> None:
    old = enter(store, nurse, patient, 0, 10)
    second = colleague(store)
    with pytest.raises(Refused, match="Only who recorded"):
        enter(store, second, patient, 0, 8, corrects=old)
    other = _patient(store, "Walter Nguyen", nurse)
    with pytest.raises(Refused, match="no such entry"):
        enter(store, nurse, other, 0, 8, corrects=old)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (Work(activity="Called", note=" "), "Write a note"),
        (Work(activity="", note="Enough words here."), "Choose what kind"),
        (Work(activity="Called", note="Enough.", mode="telegraph"), "way of contact"),
        (Work(activity="Called", note="Sent one.", mode="text", interactive=True), "live contact"),
        (Work(activity="Called", note="Nobody.", interactive=True), "live contact"),
    ],
)
def test_work_is_described_or_refused_and_the_clock_runs_on(
    store: Store, nurse: str, patient: str, work: Work, words: str
) -> None:
    start(store, nurse, patient, "RPM", 0)
    with pytest.raises(Refused, match=words):
        stop(store, nurse, 5, work)
    with store.read() as db:
        assert care_time.running(db, nurse) is not None
    assert entries(store, patient) == []


def test_a_discarded_clock_leaves_nothing(store: Store, nurse: str, patient: str) -> None:
    start(store, nurse, patient, "other", 0)
    with store.write() as db:
        care_time.discard(db, nurse)
    with pytest.raises(Refused, match="No clock of yours"):
        stop(store, nurse, 5)
    assert entries(store, patient) == []


def test_the_reviewed_readings_are_linked_and_must_be_the_patients(
    store: Store, nurse: str, patient: str
) -> None:
    start(store, nurse, patient, "RPM", 0)
    with pytest.raises(Refused, match="not this patient's"), store.write() as db:
        care_time.stop(db, staff_id=nurse, at_ms=T0 + MINUTE, work=WORK, reviewed=[b"x" * 32])


@pytest.mark.parametrize("change", ["delete", "update"])
def test_the_database_itself_refuses_to_change_an_entry(
    store: Store, nurse: str, patient: str, change: str
) -> None:
    enter(store, nurse, patient, 0, 10)
    statement = table.delete() if change == "delete" else table.update().values(program="CCM")
    with pytest.raises(DatabaseError), store.write() as db:
        db.execute(statement)


def test_the_database_itself_refuses_an_interval_without_length(
    store: Store, nurse: str, patient: str
) -> None:
    row = {
        "id": "1" * 32, "patient_id": patient, "staff_id": nurse, "program": "RPM",
        "start_ms": T0, "end_ms": T0, "activity": "a", "note": "n",
        "interactive": False, "mode": "none", "measured": True, "entered_at_ms": T0,
    }  # fmt: skip
    with pytest.raises(DatabaseError), store.write() as db:
        db.execute(insert(table).values(row))
