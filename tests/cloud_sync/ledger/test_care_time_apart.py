"""What the database itself refuses about minutes, asked directly and at random: both databases."""

import threading
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import care_entries, care_time, people
from cloud_sync.ledger.care_entries import Entry, Span, Work
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time as table, care_time_void
from cloud_sync.rules.case import read
from cloud_sync.rules.facts import Case
from cloud_sync.rules.minutes import everyone, time_ledger
from tests.support import seeded

MINUTE = 60_000
T0 = seeded.NOW_MS - seeded.NOW_MS % MINUTE
LATER = T0 + 1000 * MINUTE
APART = "has time recorded in that interval"


@dataclass(frozen=True)
class Place:
    store: Store
    workers: tuple[str, str]
    patients: tuple[str, str, str]


@pytest.fixture
def place(store: Store) -> Place:
    workers = seeded.add_staff(store, roles=("clinician", "admin"))
    with store.write() as db:
        patients = [
            people.add_patient(
                db, name=name, zone=seeded.ZONE, author=workers["clinician"], at_ms=T0
            )
            for name in ("Rosa", "Walter", "Ines")
        ]
    return Place(store, (workers["clinician"], workers["admin"]), (*patients,))  # type: ignore[arg-type]


def row(place: Place, first: int, last: int, **changes: object) -> dict[str, object]:
    return {
        "id": new_id(), "patient_id": place.patients[0], "staff_id": place.workers[0],
        "program": "RPM", "start_ms": T0 + first * MINUTE, "end_ms": T0 + last * MINUTE,
        "activity": "a", "note": "Trend steady over the whole week, no change.",
        "interactive": False, "mode": "none", "patients": 1, "measured": True,
        "entered_at_ms": LATER, "corrects": None,
    } | changes  # fmt: skip


def put(place: Place, values: dict[str, object]) -> str:
    with place.store.write() as db:
        db.execute(insert(table).values(values))
    return str(values["id"])


def take_out(db: Connection, place: Place, identity: str) -> None:
    values = {"reason": "Wrong patient.", "voided_at_ms": LATER, "author": place.workers[0]}
    db.execute(insert(care_time_void).values(care_time_id=identity, **values))


def refused(place: Place, values: dict[str, object], words: str = APART) -> None:
    with pytest.raises(DBAPIError, match=words):
        put(place, values)


def test_one_workers_seconds_are_kept_apart_across_patients_and_programs(place: Place) -> None:
    put(place, row(place, 10, 20))
    for first, last in ((5, 11), (10, 20), (12, 15), (19, 25), (5, 25)):
        for patient in place.patients:
            for program in ("RPM", "CCM", "other"):
                refused(place, row(place, first, last, patient_id=patient, program=program))
    put(place, row(place, 0, 10))
    put(place, row(place, 20, 30))
    put(place, row(place, 10, 20, staff_id=place.workers[1]))


def test_a_correction_may_overlap_what_it_corrects_and_nothing_else(place: Place) -> None:
    old = put(place, row(place, 10, 20))
    put(place, row(place, 20, 30))
    refused(place, row(place, 12, 22, corrects=old))
    new = put(place, row(place, 8, 15, corrects=old))
    put(place, row(place, 15, 20))  # what the correction let go
    refused(place, row(place, 8, 15))
    with pytest.raises(DBAPIError):  # no second correction of the same entry
        put(place, row(place, 40, 41, corrects=old))
    put(place, row(place, 8, 9, corrects=new))
    for stranger in (
        row(place, 50, 51, corrects="0" * 32),
        row(place, 50, 51, corrects=old, staff_id=place.workers[1]),
        row(place, 50, 51, corrects=old, patient_id=place.patients[1]),
    ):
        refused(place, stranger, "no such entry")


def test_a_void_frees_the_interval_and_ends_the_entry(place: Place) -> None:
    old = put(place, row(place, 10, 20))
    with place.store.write() as db:
        take_out(db, place, old)
    refused(place, row(place, 10, 20, corrects=old), "no such entry")
    again = put(place, row(place, 10, 20))
    put(place, row(place, 10, 12, corrects=again))
    with pytest.raises(DBAPIError, match="counts no longer"), place.store.write() as db:
        take_out(db, place, again)
    for change in ("update care_time_void set reason = 'x'", "delete from care_time_void"):
        with pytest.raises(DBAPIError, match="append-only"), place.store.write() as db:
            db.execute(text(change))


def test_a_group_shares_its_seconds_and_no_more(place: Place) -> None:
    rosa, walter, ines = place.patients
    put(place, row(place, 0, 30, patients=2, patient_id=rosa))
    for other in (
        row(place, 0, 30, patients=2, patient_id=rosa),  # nobody twice
        row(place, 0, 30, patients=3, patient_id=walter),
        row(place, 0, 29, patients=2, patient_id=walter),
        row(place, 0, 30, patients=2, patient_id=walter, program="CCM"),
        row(place, 0, 30, patient_id=walter),
    ):
        refused(place, other)
    put(place, row(place, 0, 30, patients=2, patient_id=walter))
    refused(place, row(place, 0, 30, patients=2, patient_id=ines))  # a third half
    with pytest.raises(DBAPIError):
        put(place, row(place, 60, 61, patients=0))


def test_inserts_at_the_same_moment_leave_one(place: Place) -> None:
    gate, kept = threading.Barrier(4), []

    def attempt(number: int) -> None:
        gate.wait()
        patient = place.patients[number % 3]
        try:
            kept.append(put(place, row(place, number, 10 + number, patient_id=patient)))
        except DBAPIError as error:
            assert APART in str(error)  # noqa: PT017  in a thread

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 1
    with place.store.read() as db:
        assert len(list(db.execute(select(table.c.id)))) == 1


STEP = st.tuples(
    st.sampled_from(["enter", "enter", "correct", "void"]),
    st.integers(0, 1),  # worker
    st.integers(0, 2),  # patient
    st.sampled_from(["RPM", "RPM", "CCM"]),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from([1, 1, 2, 3]),  # patients of the activity
    st.integers(0, 20),  # which earlier entry
)
Step = tuple[str, int, int, str, int, int, int, int]


@pytest.mark.parametrize("worded", [True, False], ids=["by care_time", "by the database"])
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(steps=st.lists(STEP, min_size=4, max_size=24))
def test_no_history_counts_a_second_twice(place: Place, steps: list[Step], *, worded: bool) -> None:
    with place.store.write() as db:
        savepoint = db.begin_nested()
        known: list[tuple[str, int, int]] = []
        for step in steps:
            with_it = db.begin_nested()
            try:
                _play(db, place, step, known, worded=worded)
            except (DBAPIError, Refused):
                with_it.rollback()
            else:
                with_it.commit()
        _check(db, place)
        savepoint.rollback()


def _play(
    db: Connection, place: Place, step: Step, known: list[tuple[str, int, int]], *, worded: bool
) -> None:
    kind, worker, patient, program, first, length, patients, which = step
    target = None
    if kind != "enter":
        if not known:
            return
        target, worker, patient = known[which % len(known)]
    if kind == "void" and target is not None:
        if worded:
            care_time.void(
                db, care_time_id=target, patient_id=place.patients[patient],
                staff_id=place.workers[worker], reason="Entered twice.", at_ms=LATER,
            )  # fmt: skip
        else:
            take_out(db, place, target)
        return
    span = Span(
        patient_id=place.patients[patient],
        program=program,
        start_ms=T0 + first * MINUTE,
        end_ms=T0 + (first + length) * MINUTE,
    )
    work = Work(activity="a", note="Trend steady over the whole week.", patients=patients)
    if worded:
        identity = care_time.enter(
            db,
            staff_id=place.workers[worker],
            span=span,
            work=work,
            at_ms=LATER,
            corrects=target,
            reason="it was otherwise",
        )
    else:
        values = row(
            place, first, first + length, staff_id=place.workers[worker],
            patient_id=span.patient_id, program=program, patients=patients, corrects=target,
        )  # fmt: skip
        db.execute(insert(table).values(values))
        identity = str(values["id"])
    known.append((identity, worker, patient))


def _check(db: Connection, place: Place) -> None:
    for staff_id in place.workers:
        found = care_entries.of_staff(db, staff_id, 0, LATER)
        shares = _per_minute([entry for entry in found if entry.in_force], share=True)
        assert max(shares.values(), default=0) <= 1, "no second of a worker twice"
    for patient in place.patients:
        found = care_entries.of_patient(db, patient, 0, LATER)
        union = len(_per_minute([entry for entry in found if entry.in_force], share=False))
        built = build_case(db, patient, LATER)
        file = {key: built[key] for key in ("id", "as_of", "settings", "time", "staff")}
        file["defaults"] = True  # consents and orders are on file
        for worker in file["staff"]:
            worker["role"] = "clinical_staff"
        case = read(file)
        assert isinstance(case, Case)
        ledger = time_ledger(case)
        counted = sum((one.counted(everyone) for one in ledger.stretches), Fraction(0))
        assert counted <= union * 60, "what counts is never more than the union of intervals"
        if [(one.program, one.patients, one.in_force) for one in found] == [("RPM", 1, True)]:
            assert counted == union * 60 > 0, "and a lone entry counts whole"


def _per_minute(entries: list[Entry], *, share: bool) -> Counter[int]:
    found: Counter[int] = Counter()
    for entry in entries:
        for minute in range((entry.start_ms - T0) // MINUTE, (entry.end_ms - T0) // MINUTE):
            found[minute] += Fraction(1, entry.patients) if share else 1  # type: ignore[assignment]
    return found
