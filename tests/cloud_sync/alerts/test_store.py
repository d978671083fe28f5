"""From a threshold to an alert to its end, in the ledger; late data alarm nobody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_sync.alerts import store as alerts
from cloud_sync.ledger import care_time
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.care_time import Links
from cloud_sync.ledger.derive import rederive
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import observation
from tests.cloud_sync.web.conftest import copied, template
from tests.support import seeded
from tests.support.seeded import CUFF, NOW_MS, Seeded

__all__ = ["template"]
HOUR_MS = 3_600_000
NOTE = "Called about the value of this morning, will take the tablet now"


@pytest.fixture
def clinic(template: Seeded, tmp_path: Path) -> Iterator[Seeded]:
    yield from copied(template, tmp_path)


def limit(clinic: Seeded, low: str, high: str, measure: str = "systolic", *, turn: int = 0) -> None:
    with clinic.store.write() as db:
        alerts.set_threshold(
            db, patient_id=clinic.patient, measure=measure, low=low, high=high,
            reason="Dr Lee", author=clinic.staff["admin"], at_ms=NOW_MS + turn,
        )  # fmt: skip


def reading(clinic: Seeded, systolic: int, at_ms: int) -> int:
    """As the opener does; how many alerts it raised."""
    shown = local(at_ms, seeded.ZONE).replace(tzinfo=None)
    with clinic.store.write() as db:
        made = seeded.add_reading(db, CUFF, seeded.pressure(systolic, 70, at=shown), at_ms)
        db.execute(
            observation.update().where(observation.c.id == made).values(patient_id=clinic.patient)
        )
        return alerts.raise_fresh(db, [made], NOW_MS)


def is_open(clinic: Seeded) -> list[str]:
    with clinic.store.read() as db:
        found = alerts.of_patient(db, clinic.patient, only_open=True)
        assert alerts.open_counts(db).get(clinic.patient, 0) == len(found)
    return [one.id for one in found]


def test_a_fresh_reading_outside_raises_an_alert_and_a_late_one_none(clinic: Seeded) -> None:
    limit(clinic, "90", "160")
    assert reading(clinic, 159, NOW_MS - 60_000) == 0
    assert reading(clinic, 171, NOW_MS - 50_000) == 1
    assert reading(clinic, 172, NOW_MS - alerts.FRESH_MS) == 1
    assert reading(clinic, 173, NOW_MS - alerts.FRESH_MS - 1) == 0
    assert reading(clinic, 174, NOW_MS - 30 * HOUR_MS) == 0
    with clinic.store.read() as db:
        found = alerts.of_patient(db, clinic.patient)
    assert sorted((one.value, one.bound, one.side) for one in found) == [
        ("171", "160", "high"),
        ("172", "160", "high"),
    ]


def test_the_newest_threshold_holds_and_can_be_lifted(clinic: Seeded) -> None:
    limit(clinic, "90", "160")
    limit(clinic, "", "175", turn=1)
    assert reading(clinic, 171, NOW_MS) == 0
    limit(clinic, "", "", turn=2)
    assert reading(clinic, 199, NOW_MS - 1) == 0


def test_nothing_is_raised_twice_when_readings_are_derived_anew(clinic: Seeded) -> None:
    limit(clinic, "90", "160")
    reading(clinic, 171, NOW_MS)
    with clinic.store.write() as db:
        rederive(db, CUFF)
    assert len(is_open(clinic)) == 1


def test_it_is_done_when_somebody_says_how(clinic: Seeded) -> None:
    limit(clinic, "90", "160")
    reading(clinic, 171, NOW_MS)
    (one,) = is_open(clinic)
    nurse = clinic.staff["clinician"]
    act = {"alert_id": one, "patient_id": clinic.patient, "author": nurse, "at_ms": NOW_MS}
    with clinic.store.write() as db:
        alerts.handle(db, action="seen", note="", **act)  # type: ignore[arg-type]
    assert is_open(clinic) == [one]
    for action, note, words in (("handled", " ", "Say what"), ("erased", "x", "seen or as")):
        with pytest.raises(Refused, match=words), clinic.store.write() as db:
            alerts.handle(db, action=action, note=note, **act)  # type: ignore[arg-type]
    with clinic.store.write() as db:
        alerts.handle(db, action="handled", note="measured again: 138", **act)  # type: ignore[arg-type]
    assert is_open(clinic) == []
    with clinic.store.read() as db:
        assert {h.action for h in alerts.handlings(db, [one])[one]} == {"seen", "handled"}
    with pytest.raises(Refused, match="no such alert"), clinic.store.write() as db:
        alerts.handle(db, action="seen", note="", **(act | {"patient_id": clinic.other}))  # type: ignore[arg-type]


def test_an_interval_that_worked_on_it_ends_it_while_it_is_in_force(clinic: Seeded) -> None:
    limit(clinic, "90", "160")
    reading(clinic, 171, NOW_MS - HOUR_MS)
    (one,) = is_open(clinic)
    nurse = clinic.staff["clinician"]
    span = Span(patient_id=clinic.patient, program="RPM", start_ms=NOW_MS - 600_000, end_ms=NOW_MS)
    with clinic.store.write() as db:
        entry = care_time.enter(
            db, staff_id=nurse, span=span, work=Work(activity="Called", note=NOTE),
            at_ms=NOW_MS, links=Links(alerts=(one,)),
        )  # fmt: skip
    assert is_open(clinic) == []
    with clinic.store.write() as db:
        care_time.void(
            db, care_time_id=entry, patient_id=clinic.patient, staff_id=nurse,
            reason="another patient", at_ms=NOW_MS,
        )  # fmt: skip
    assert is_open(clinic) == [one]


@pytest.mark.parametrize(
    ("measure", "low", "high", "words"),
    [
        ("mood", "1", "2", "is for one of"),
        ("systolic", "160", "90", "lie below"),
        ("systolic", "high", "", "a number"),
        ("systolic", "", "NaN", "a number"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(
    clinic: Seeded, measure: str, low: str, high: str, words: str
) -> None:
    with pytest.raises(Refused, match=words):
        limit(clinic, low, high, measure)
