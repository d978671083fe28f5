"""Who bills: the recorded practitioner, else the only one, else nobody."""

from cloud_sync.ledger import people, staff
from cloud_sync.ledger.billing import billing_practitioner, recorded_practitioner
from cloud_sync.ledger.casefile import build_case
from cloud_sync.rules.case import Problem, read
from tests.support.seeded import NOW_MS, PASSWORD, Seeded


def doctor(practice: Seeded, name: str) -> str:
    with practice.store.write() as db:
        return staff.create(
            db,
            practice.store,
            username=name,
            full_name=name.capitalize(),
            role="clinician",
            billing_role="practitioner",
            password=PASSWORD,
            at_ms=NOW_MS,
        )


def bills(practice: Seeded, who: str, at_ms: int = NOW_MS) -> str:
    with practice.store.write() as db:
        return people.record_fact(
            db,
            patient_id=practice.patient,
            kind="billing_practitioner",
            body={"staff": who},
            author=who,
            at_ms=at_ms,
        )


def test_recorded_beats_only_beats_nobody(practice: Seeded) -> None:
    def found(at_ms: int = NOW_MS) -> str | None:
        with practice.store.read() as db:
            return billing_practitioner(db, practice.patient, at_ms)

    assert found() is None
    first = doctor(practice, "first")
    assert found() == first
    second = doctor(practice, "second")
    assert found() is None
    bills(practice, second)
    assert found() == second
    bills(practice, first, NOW_MS + 1)
    assert (found(), found(NOW_MS + 1)) == (second, first)
    with practice.store.read() as db:
        assert recorded_practitioner(db, practice.other, NOW_MS) is None


def test_consent_to_the_earlier_practitioner_is_none_for_the_new(practice: Seeded) -> None:
    first, second = doctor(practice, "first"), doctor(practice, "second")
    bills(practice, first)
    with practice.store.write() as db:
        people.record_fact(
            db,
            patient_id=practice.patient,
            kind="consents",
            body={"program": "CCM", "given_on": "2026-11-20", "practitioner": first},
            author=first,
            at_ms=NOW_MS,
        )
    bills(practice, second, NOW_MS + 1)
    with practice.store.read() as db:
        before = build_case(db, practice.patient, NOW_MS)
        after = build_case(db, practice.patient, NOW_MS + 1)
    assert before["consents"][-1]["practitioner"] == "P1"
    assert after["consents"][-1]["practitioner"] == first
    assert not isinstance(read(after), Problem)
