"""Imported time: kept whole, kept once, flagged where it overlaps, counted as the rules say."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import care_entries, care_time, tables, time_import
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.time_csv import parse
from cloud_sync.ledger.time_import import Plan
from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import counted
from cloud_sync.rules.tables import BUNDLED
from tests.cloud_sync.ledger.records import ANN, BOB, NURSE, fact, ms, people

HEAD = "id,patient,staff,program,start,end,note"
NOTE = "Went over the values of this week"
NOW = ms("2026-04-01T00:00:00+00:00")


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    people(store)


def line(number: int, program: str, start: str, end: str, patient: str = ANN) -> str:
    day = "2026-03-10"
    return f"{number},{patient},clinical_staff,{program},{day}T{start},{day}T{end},{NOTE}"


def take(store: Store, *lines: str, source: str = "old") -> Plan:
    rows, problems = parse("\n".join((HEAD, *lines)))
    assert problems == []
    with store.write() as db:
        found = time_import.plan(db, rows, source=source, at_ms=NOW)
        if not found.problems and found.new:
            time_import.keep(db, found, source=source, digest=bytes(32), author="0" * 32, at_ms=NOW)
    return found


def kept(store: Store) -> int:
    with store.read() as db:
        return db.scalar(select(func.count()).select_from(tables.care_time)) or 0


def seconds(store: Store) -> dict[str, int]:
    with store.read() as db:
        case = read(build_case(db, ANN, NOW))
    assert not isinstance(case, Problem)
    found = counted(case, BUNDLED).time
    return {p: int(found.seconds(p, month_named("2026-03"))) for p in ("RPM", "CCM")}


def on_file(store: Store) -> None:
    early = "2026-01-02T00:00:00+00:00"
    fact(store, "patient", {"established_on": "2020-01-01"}, early)
    fact(store, "orders", {"program": "RPM", "ordered_on": "2026-01-01"}, early)
    for program in ("RPM", "CCM"):
        fact(store, "consents", {"program": program, "given_on": "2026-01-01"}, early)
    visit = {"on": "2026-01-01", "discussed": ["CCM"]}
    fact(store, "initiating_visits", visit, early)


def test_overlapping_rows_are_kept_flagged_and_counted_as_the_rules_say(store: Store) -> None:
    on_file(store)
    found = take(
        store,
        line(1, "RPM", "10:00", "10:20"),
        line(2, "CCM", "10:15", "10:30"),  # the same worker at the same time
        line(3, "RPM", "11:00", "11:10"),
        line(4, "RPM", "11:05", "11:15", BOB),
        line(5, "CCM", "12:00", "12:04"),
    )
    assert kept(store) == 5
    assert [one.row.line for one in found.new if one.overlaps] == [2, 3, 4, 5]
    assert "count for neither" in found.new[0].overlaps[0]
    assert "for another patient" in found.new[2].overlaps[0]
    assert seconds(store) == {"RPM": 15 * 60 + 5 * 60, "CCM": 10 * 60 + 4 * 60}


def test_a_row_comes_in_once(store: Store) -> None:
    rows = (line(1, "RPM", "10:00", "10:20"), line(2, "CCM", "11:00", "11:20"))
    take(store, *rows)
    again = take(store, *rows, line(3, "CCM", "12:00", "12:20"))
    assert (len(again.known), len(again.new), kept(store)) == (2, 1, 3)
    assert len(take(store, rows[0], source="another").new) == 1


def test_a_row_without_an_id_is_known_by_its_content(store: Store) -> None:
    row = line(1, "RPM", "10:00", "10:20")[1:]
    take(store, row, row)
    assert (kept(store), len(take(store, row).known)) == (1, 1)


def test_the_same_id_with_other_content_is_no_new_row(store: Store) -> None:
    take(store, line(1, "RPM", "10:00", "10:20"))
    (problem,) = take(store, line(1, "RPM", "10:00", "10:25")).problems
    assert "correct that entry instead" in problem.words
    assert kept(store) == 1


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"1,{ANN},nobody,RPM,2026-03-10T10:00,2026-03-10T10:20,{NOTE}", "no account"),
        (f"1,MR-9,clinical_staff,RPM,2026-03-10T10:00,2026-03-10T10:20,{NOTE}", "no patient"),
        (f"1,{ANN},clinical_staff,RPM,2026-03-10T10:20,2026-03-10T10:00,{NOTE}", "after"),
        (f"1,{ANN},clinical_staff,RPM,2026-05-10T10:00,2026-05-10T10:20,{NOTE}", "future"),
        (f"1,{ANN},clinical_staff,RPM,2026-03-10T10:00,2026-03-12T10:20,{NOTE}", "than a day"),
    ],
)
def test_a_row_that_cannot_be_is_named(store: Store, row: str, words: str) -> None:
    (problem,) = take(store, row).problems
    assert words in problem.words
    assert kept(store) == 0


def test_a_running_clock_is_not_overtaken(store: Store) -> None:
    with store.write() as db:
        care_time.start(
            db,
            staff_id=NURSE,
            patient_id=BOB,
            program="RPM",
            at_ms=ms("2026-03-10T14:10:00+00:00"),
        )
    (problem,) = take(store, line(1, "RPM", "10:00", "10:20")).problems
    assert "stop it first" in problem.words


def test_only_an_import_may_overlap_and_its_owner_may_correct_it(store: Store) -> None:
    take(store, line(1, "RPM", "10:00", "10:20"), line(2, "CCM", "10:15", "10:30"))
    with store.read() as db:
        first, second = care_entries.of_patient(db, ANN, 0, NOW)
    row: dict[str, Any] = {
        "id": "9" * 32, "patient_id": ANN, "staff_id": NURSE, "program": "CCM",
        "start_ms": first.start_ms, "end_ms": first.end_ms, "activity": "x", "note": "x",
        "interactive": False, "mode": "none", "patients": 1, "measured": False,
        "entered_at_ms": NOW,
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="has time recorded"), store.write() as db:
        db.execute(tables.care_time.insert(), row)
    shorter = Span(patient_id=ANN, program="RPM", start_ms=first.start_ms, end_ms=second.start_ms)
    with store.write() as db:
        care_time.enter(
            db,
            staff_id=NURSE,
            span=shorter,
            work=Work(activity="x", note=NOTE),
            at_ms=NOW,
            corrects=first.id,
            reason="the log was rounded up",
        )


def test_a_local_time_is_the_patients(store: Store) -> None:
    take(store, line(1, "RPM", "10:00", "10:20"))
    with store.read() as db:
        (found,) = care_entries.of_patient(db, ANN, 0, NOW)
    assert found.start_ms == ms("2026-03-10T14:00:00+00:00")  # New York, clocks gone forward
    assert (found.measured, found.entered_at_ms) == (False, NOW)
