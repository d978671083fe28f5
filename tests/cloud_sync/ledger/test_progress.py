"""Progress as pages show it: the rules' count, laid out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from cloud_sync.ledger import care_time, people
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.progress import Measure, Progress, Tier, codes, progress
from tests.support import seeded
from tests.support.seeded import DAY_MS, Seeded

NOTE = "Went through the week with the patient and kept the plan."


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Seeded]:
    built = seeded.build(tmp_path)
    yield built
    built.store.close()


def standing(clinic: Seeded, patient: str | None = None, at_ms: int = seeded.NOW_MS) -> Progress:
    with clinic.store.read() as db:
        return progress(db, people.find(db, patient or clinic.patient), at_ms)


def test_the_running_period_and_its_tiers(clinic: Seeded) -> None:
    period = standing(clinic).period
    assert period is not None
    assert (period.first, period.last) == (date(2026, 11, 8), date(2026, 12, 7))
    assert (period.measure.count, period.measure.recorded, period.days_left) == (13, 13, 14)
    assert period.measure.tiers == (
        Tier(code="99445", first=2, last=15),
        Tier(code="99454", first=16, last=None),
    )
    assert period.measure.reached == period.measure.tiers[0]
    assert period.measure.next == period.measure.tiers[1]
    missed = [cell.day.day for cell in period.cells if not cell.counts and not cell.future]
    assert missed == [12, 16, 19, 24]
    assert [cell.readings for cell in period.cells[:3]] == [2, 2, 2]


def test_the_next_period_begins_where_this_one_ends(clinic: Seeded) -> None:
    period = standing(clinic, at_ms=seeded.NOW_MS + 20 * DAY_MS).period
    assert period is not None
    assert (period.first, period.last) == (date(2026, 12, 8), date(2027, 1, 6))
    assert period.measure.count == 0


def test_nothing_on_file_leaves_days_recorded_but_not_counted(clinic: Seeded) -> None:
    with clinic.store.write() as db:
        for fact in people.facts(db, clinic.patient):
            people.record_fact(
                db,
                patient_id=clinic.patient,
                kind=fact.kind,
                body={},
                author="e" * 32,
                at_ms=seeded.NOW_MS,
                corrects=fact.id,
                reason="recorded in error",
            )
    period = standing(clinic).period
    assert period is not None
    assert (period.measure.count, period.measure.recorded) == (0, 13)
    assert "No order for monitoring was on file." in period.measure.reasons
    assert "No consent to this program was in force." in period.measure.reasons


def test_a_patient_without_readings_has_no_period(clinic: Seeded) -> None:
    found = standing(clinic, clinic.other)
    assert found.period is None
    assert found.rpm.seconds == found.ccm.seconds == 0


def work(clinic: Seeded, program: str, start_minute: int, minutes: int, **more: object) -> None:
    begin = seeded.NOW_MS - DAY_MS + start_minute * 60_000
    values: dict[str, object] = {"activity": "a", "note": NOTE} | more
    with clinic.store.write() as db:
        care_time.enter(
            db,
            staff_id=clinic.staff["clinician"],
            span=Span(
                patient_id=clinic.patient,
                program=program,
                start_ms=begin,
                end_ms=begin + minutes * 60_000,
            ),
            work=Work(**values),  # type: ignore[arg-type]
            at_ms=seeded.NOW_MS,
        )


def test_minutes_of_the_two_programs_are_never_mixed(clinic: Seeded) -> None:
    work(clinic, "RPM", 0, 12, mode="phone", interactive=True)
    work(clinic, "CCM", 12, 21)
    work(clinic, "other", 40, 30)
    found = standing(clinic)
    assert (found.rpm.seconds, found.ccm.seconds) == (12 * 60, 21 * 60)
    assert found.rpm.measure.reached == Tier(code="99470", first=10, last=19)
    assert found.rpm.live_contact
    assert found.ccm.measure.reached == Tier(code="99490", first=20, last=None)
    with clinic.store.read() as db:
        lines = codes(db, people.find(db, clinic.patient), seeded.NOW_MS).lines
    assert {"99445", "99470"} <= {line.code for line in lines}


def test_a_vague_note_is_recorded_but_does_not_count(clinic: Seeded) -> None:
    work(clinic, "RPM", 0, 12, note="reviewed")
    rpm = standing(clinic).rpm
    assert (rpm.seconds, rpm.recorded_seconds) == (0, 720)
    assert rpm.measure.reasons == (
        "The note does not say what was done; complete it as a late entry.",
    )


def test_minutes_begin_anew_with_the_month(clinic: Seeded) -> None:
    work(clinic, "RPM", 0, 12)
    later = standing(clinic, at_ms=seeded.NOW_MS + timedelta(days=8) // timedelta(milliseconds=1))
    assert later.rpm.first == date(2026, 12, 1)
    assert later.rpm.seconds == 0


def test_a_measure_without_tiers_reaches_nothing() -> None:
    measure = Measure(count=3, recorded=3, tiers=(), reasons=())
    assert (measure.reached, measure.next, measure.goal) == (None, None, 0)
    full = replace(measure, tiers=(Tier(code="X", first=2, last=None),))
    assert (full.reached, full.next) == (full.tiers[0], None)
