"""An interval cut at the minute: nothing is lost, nothing is twice, each part has its own note."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import care_entries, care_time, time_record
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time as table
from cloud_sync.ledger.time_record import links_of
from cloud_sync.ledger.time_split import Part, split
from cloud_sync.rules import determine
from tests.cloud_sync.ledger.records import ANN, BOB, DOCTOR, NURSE, assign, observe, people

T0 = 1_780_000_000_000 // 60_000 * 60_000  # a full minute in May 2026
MINUTE = 60_000
WORK = Work(activity="Called", note="Went over the blood pressure log and the side effects of it")
RPM = Part(
    program="RPM",
    work=Work(activity="Called", note="Went over the blood pressure log, evenings are high"),
)
CCM = Part(
    program="CCM",
    work=Work(activity="Called", note="Asked about side effects of the tablet, there were none"),
)


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    people(store)


def whole(store: Store, program: str = "RPM", minutes: int = 8) -> str:
    span = Span(patient_id=ANN, program=program, start_ms=T0 + 10_000, end_ms=T0 + minutes * MINUTE)
    with store.write() as db:
        return care_time.enter(db, staff_id=NURSE, span=span, work=WORK, at_ms=T0 + 60 * MINUTE)


def cut(store: Store, identity: str, minute: float, **changes: Any) -> tuple[str, str]:
    values: dict[str, Any] = {
        "care_time_id": identity,
        "patient_id": ANN,
        "staff_id": NURSE,
        "cut_ms": T0 + round(minute * MINUTE),
        "parts": (RPM, CCM),
        "reason": "two programs in one call",
        "at_ms": T0 + 90 * MINUTE,
    }
    with store.write() as db:
        return split(db, **(values | changes))


def seconds(store: Store) -> dict[str, int]:
    with store.read() as db:
        found = care_entries.of_patient(db, ANN, 0, T0 * 2)
    sums: dict[str, int] = {}
    for one in found:
        if one.in_force:
            sums[one.program] = sums.get(one.program, 0) + (one.end_ms - one.start_ms) // 1000
    return sums


def test_the_parts_are_the_whole(store: Store) -> None:
    old = whole(store)
    first, second = cut(store, old, 5)
    assert seconds(store) == {"RPM": 290, "CCM": 180}
    with store.read() as db:
        found = {one.id: one for one in care_entries.of_patient(db, ANN, 0, T0 * 2)}
    assert found[old].corrected
    assert (found[first].corrects, found[first].split_from) == (old, old)
    assert (found[second].corrects, found[second].split_from) == (None, old)
    assert {found[one].reason for one in (first, second)} == {"two programs in one call"}
    assert not any(found[one].measured for one in (first, second))
    with store.read() as db:
        case = build_case(db, ANN, T0 + 100 * MINUTE)
    assert len(case["time"]) == 2
    warned: dict[str, Any] = determine(case)
    assert "mixed_note" not in {one["reason"] for one in warned["warnings"]}


@pytest.mark.parametrize(
    ("minute", "changes", "words"),
    [
        (5.5, {}, "full minute"),
        (0, {}, "lies within"),
        (8, {}, "lies within"),
        (5, {"reason": " "}, "Say why"),
        (5, {"parts": (RPM, RPM)}, "note of its own"),
        (5, {"parts": (RPM, replace(CCM, program="GYM"))}, "must be one of"),
        (5, {"patient_id": BOB}, "no such entry"),
        (5, {"staff_id": DOCTOR}, "Only who recorded"),
    ],
)
def test_what_is_no_split_is_refused(
    store: Store, minute: float, changes: dict[str, Any], words: str
) -> None:
    old = whole(store)
    with pytest.raises(Refused, match=words):
        cut(store, old, minute, **changes)
    assert seconds(store) == {"RPM": 470}


def test_an_entry_is_split_once(store: Store) -> None:
    old = whole(store)
    _, second = cut(store, old, 5)
    with pytest.raises(Refused, match="corrected already"):
        cut(store, old, 5)
    cut(store, second, 6, parts=(CCM, replace(RPM, program="other")))
    assert sum(seconds(store).values()) == 470


def test_readings_go_to_the_part_that_worked_on_them(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-05-28T13:00:00+00:00")
    reading = (0).to_bytes(32, "big")
    span = Span(patient_id=ANN, program="RPM", start_ms=T0, end_ms=T0 + 8 * MINUTE)
    links = time_record.Links(readings=(reading,))
    with store.write() as db:
        old = care_time.enter(
            db, staff_id=NURSE, span=span, work=WORK, at_ms=T0 + 60 * MINUTE, links=links
        )
    made = cut(store, old, 5, parts=(CCM, RPM))
    with store.read() as db:
        found = links_of(db, made)
    assert [found[one].readings for one in made] == [(), (reading,)]


def test_a_correction_keeps_what_was_worked_on(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-05-28T13:00:00+00:00")
    links = time_record.Links(readings=((0).to_bytes(32, "big"),))
    span = Span(patient_id=ANN, program="RPM", start_ms=T0, end_ms=T0 + 8 * MINUTE)
    with store.write() as db:
        old = care_time.enter(db, staff_id=NURSE, span=span, work=WORK, at_ms=T0 * 2, links=links)
        new = care_time.enter(
            db,
            staff_id=NURSE,
            span=replace(span, end_ms=T0 + 7 * MINUTE),
            work=WORK,
            at_ms=T0 * 2,
            corrects=old,
            reason="ended earlier",
        )
        assert links_of(db, [new])[new] == links


def test_the_database_itself_refuses_a_part_outside_its_whole(store: Store) -> None:
    old = whole(store)
    row = {
        "id": "9" * 32, "patient_id": ANN, "staff_id": NURSE, "program": "CCM",
        "start_ms": T0 + 20 * MINUTE, "end_ms": T0 + 21 * MINUTE, "activity": "x", "note": "x",
        "interactive": False, "mode": "none", "patients": 1, "measured": False,
        "entered_at_ms": T0 + 90 * MINUTE, "split_from": old,
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="lies within"), store.write() as db:
        db.execute(table.insert(), row)


def test_links_must_be_the_patients_own(store: Store) -> None:
    span = Span(patient_id=ANN, program="CCM", start_ms=T0, end_ms=T0 + MINUTE)
    for links in (
        time_record.Links(alerts=("0" * 32,)),
        time_record.Links(plans=("0" * 32,)),
        time_record.Links(readings=(b"\1" * 32,)),
    ):
        with pytest.raises(Refused, match="load the page again"), store.write() as db:
            care_time.enter(db, staff_id=NURSE, span=span, work=WORK, at_ms=T0 * 2, links=links)
    assert seconds(store) == {}
