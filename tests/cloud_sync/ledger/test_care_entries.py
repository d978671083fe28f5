"""Reading back what was recorded."""

from cloud_sync.ledger import care_entries, care_time
from cloud_sync.ledger.care_entries import Span, Work
from tests.cloud_sync.web.conftest import NOTE
from tests.support import seeded
from tests.support.seeded import Seeded

MINUTE = 60_000


def test_entries_are_found_by_the_time_they_touch(practice: Seeded) -> None:
    nurse, patient, start = (
        practice.staff["clinician"],
        practice.patient,
        seeded.NOW_MS - 60 * MINUTE,
    )
    with practice.store.write() as db:
        for number in range(3):
            span = Span(
                patient_id=patient,
                program="RPM",
                start_ms=start + number * 10 * MINUTE,
                end_ms=start + (number + 1) * 10 * MINUTE,
            )
            care_time.enter(
                db,
                staff_id=nurse,
                span=span,
                work=Work(activity="a", note=NOTE),
                at_ms=seeded.NOW_MS,
            )
    with practice.store.read() as db:
        inside = care_entries.of_patient(db, patient, start + 10 * MINUTE, start + 20 * MINUTE)
        assert [entry.start_ms for entry in inside] == [start + 10 * MINUTE], "ends do not touch"
        assert len(care_entries.of_staff(db, nurse, 0, seeded.NOW_MS)) == 3
        assert care_entries.of_patient(db, practice.other, 0, seeded.NOW_MS) == []
        assert care_entries.reviewed(db, patient) == set()
