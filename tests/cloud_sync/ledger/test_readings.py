"""The queries behind the pages."""

from datetime import date

from cloud_sync.contract.readings import BloodPressure
from cloud_sync.ledger import care_time, readings
from cloud_sync.ledger.care_entries import Work
from tests.cloud_sync.web.conftest import NOTE
from tests.support import seeded
from tests.support.seeded import DAY_MS, Seeded


def test_readings_come_newest_first_with_the_receipts_time(practice: Seeded) -> None:
    with practice.store.read() as db:
        found = readings.of_patient(db, practice.patient)
        limited = readings.of_patient(db, practice.patient, limit=3)
        recent = readings.of_patient(db, practice.patient, since_ms=seeded.NOW_MS - 3 * DAY_MS)
    assert [one.at_ms for one in found] == sorted((one.at_ms for one in found), reverse=True)
    assert len(found) == 27
    assert len(limited) == 3
    assert 0 < len(recent) < 27
    assert all(one.committed_at_ms - one.received_at_ms == 1400 for one in found)
    assert {one.device_label for one in found} == {"Upper-arm cuff", "Glucometer"}
    assert isinstance(next(o.outcome for o in found if o.kind == "blood_pressure"), BloodPressure)


def test_days_are_counted_by_local_date(practice: Seeded) -> None:
    with practice.store.read() as db:
        counts = readings.day_counts(db, practice.patient, date(2026, 11, 8), date(2026, 11, 12))
    assert counts == {date(2026, 11, n): 2 for n in (8, 9, 10, 11)}


def test_a_failed_attempt_is_shown_but_is_no_latest_reading(practice: Seeded) -> None:
    with practice.store.read() as db:
        latest = readings.latest(db, [practice.patient, practice.other])
        newest = readings.of_patient(db, practice.patient)[0]
    assert newest.kind == "failed_measurement"
    assert {patient: seen.kind for patient, seen in latest.items()} == {practice.patient: "glucose"}


def test_review_takes_a_reading_off_the_queue(practice: Seeded) -> None:
    nurse = practice.staff["clinician"]
    with practice.store.read() as db:
        waiting = readings.unreviewed(db, practice.patient)
        before = readings.version(db, practice.patient)
    with practice.store.write() as db:
        care_time.start(
            db, staff_id=nurse, patient_id=practice.patient, program="RPM", at_ms=seeded.NOW_MS
        )
        care_time.stop(
            db,
            staff_id=nurse,
            at_ms=seeded.NOW_MS + 1000,
            work=Work(activity="a", note=NOTE),
            reviewed=[bytes.fromhex(waiting[0].id)],
        )
    with practice.store.read() as db:
        left = readings.unreviewed(db, practice.patient)
        assert readings.unreviewed_counts(db, [practice.patient, practice.other]) == {
            practice.patient: 26
        }
        assert readings.version(db, practice.patient) != before
        done = [one.id for one in readings.of_patient(db, practice.patient) if one.reviewed]
    assert [one.id for one in left] == [one.id for one in waiting[1:]]
    assert done == [waiting[0].id]
