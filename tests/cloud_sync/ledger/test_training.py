"""A training practice can bill nothing: the database itself says so, on both.

The cases are cloud_sync.ledger.training_start's.
"""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from cloud_sync.identity import enrolment
from cloud_sync.ledger import (
    care_time,
    closing,
    evidence,
    people,
    progress,
    staff,
    tables,
    training,
    training_start,
)
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules import determine
from tests.cloud_sync.ledger.records import ANN, ms, people as add_people

AT = ms("2026-11-24T16:30:00+00:00")
ZONE = "America/Denver"
LATER = AT + 40 * 86_400_000


def account(store: Store, username: str, billing_role: str = "clinical_staff") -> str:
    with store.write() as db:
        return staff.create(
            db, store, username=username, full_name=f"A {username}", role="clinician",
            billing_role=billing_role, password="correct horse battery", at_ms=AT,
        )  # fmt: skip


@pytest.fixture
def school(store: Store) -> Store:
    with store.write() as db:
        training.mark(db, AT)
    return store


def begun(school: Store, trainee: str, scenario: str = "rpm-alert-call") -> training.StartedCase:
    with school.write() as db:
        key = training_start.start(db, school, scenario, trainee=trainee, zone=ZONE, at_ms=AT)
        return training.case_of(db, key)


def test_the_database_refuses_what_leads_to_a_claim(school: Store) -> None:
    case = begun(school, account(school, "tia"))
    snapshot = {
        "id": "1" * 32, "patient_id": case.patient_id, "month": "2026-11", "version": 1,
        "body": "{}", "digest": b"\0" * 32, "made_at_ms": LATER, "author": "0" * 32,
    }  # fmt: skip
    signature = {
        "id": "2" * 32, "snapshot_id": "1" * 32, "digest": b"\0" * 32, "statement": "s",
        "staff_id": case.author, "signed_at_ms": LATER,
    }  # fmt: skip
    certificate = {
        "serial": "1", "hub_id": training.HUB, "not_before_ms": 1, "not_after_ms": 2,
    }  # fmt: skip
    rows = (
        (tables.month_snapshot, snapshot),
        (tables.attestation, signature),
        (tables.hub_certificate, certificate),
    )
    for table, row in rows:
        with pytest.raises(DBAPIError, match="never bills"), school.write() as db:
            db.execute(insert(table).values(**row))
    with school.write() as db, pytest.raises(Refused, match="has no hubs"):
        enrolment.invite(db, "A hub", AT)
    with school.write() as db, pytest.raises(Refused, match="TRAINING - NOT FOR BILLING"):
        closing.close(db, case.patient_id, "2026-11", author=case.author, at_ms=LATER)


def test_the_mark_stays_and_comes_only_first(store: Store) -> None:
    add_people(store)
    with pytest.raises(DBAPIError, match="cannot become"), store.write() as db:
        training.mark(db, AT)
    with store.read() as db:
        assert not training.is_training(db)
        assert build_case(db, ANN, AT)["id"] == ANN
    with pytest.raises(DBAPIError, match="no training practice"), store.write() as db:
        training.record_case(db, scenario="x", patient_id=ANN, trainee="c" * 32, at_ms=AT)
    with store.write() as db, pytest.raises(Refused, match="no training practice"):
        training_start.start(db, store, "vague-note", trainee="c" * 32, zone=ZONE, at_ms=AT)


def test_the_mark_cannot_be_taken_away(school: Store) -> None:
    with pytest.raises(DBAPIError, match="append-only"), school.write() as db:
        db.execute(tables.training_mark.delete())
    with school.read() as db:
        assert training.is_training(db, maybe_older=True)


def test_whatever_is_determined_carries_the_stamp(school: Store) -> None:
    case = begun(school, account(school, "tia"))
    with school.read() as db:
        found = determine(build_case(db, case.patient_id, AT))
    assert found["case"] == f"TRAINING - NOT FOR BILLING {case.patient_id}"


def test_every_case_can_be_begun_and_worked_on(school: Store) -> None:
    trainee = account(school, "tia")
    for scenario, script in training_start.scenarios().items():
        case = begun(school, trainee, scenario)
        with school.read() as db:
            seen = db.scalar(
                select(func.count())
                .select_from(tables.observation)
                .where(tables.observation.c.patient_id == case.patient_id)
            )
            assert seen == len(script.readings)
            assert not training_start.verdict(db, case).sound
            progress.progress(db, people.find(db, case.patient_id), AT)
    with school.read() as db:
        assert len(training.cases(db, trainee)) == len(training_start.scenarios())
        assert training.cases(db, "0" * 32) == []
        assert isinstance(evidence.verify(db, {}), evidence.Sound)  # the chain knows the new rows
    with school.write() as db, pytest.raises(Refused, match="no such"):
        training_start.start(db, school, "dance", trainee=trainee, zone=ZONE, at_ms=AT)


def test_the_log_of_a_case_is_judged_as_it_stands(school: Store) -> None:
    trainee = account(school, "tia")
    case = begun(school, trainee)
    with school.write() as db:
        care_time.start(
            db, staff_id=trainee, patient_id=case.patient_id, program="RPM", at_ms=AT + 1000
        )
        rows = db.execute(
            select(tables.observation.c.id).where(
                tables.observation.c.patient_id == case.patient_id
            )
        ).scalars()
        first = care_time.stop(
            db,
            staff_id=trainee,
            at_ms=AT + 301_000,
            work=Work(activity="Called about a reading", note="Patient call", mode="phone"),
            reviewed=list(rows),
        )
    with school.read() as db:
        (logged,) = training_start.log_of(db, case)
        assert (logged.readings, logged.role, logged.measured) == (3, "clinical_staff", True)
        words = [mark.words for mark in training_start.verdict(db, case).entries[first]]
    assert any("vague" in one for one in words)
    with school.write() as db:
        care_time.void(
            db, care_time_id=first, patient_id=case.patient_id, staff_id=trainee,
            reason="Once more", at_ms=AT + 400_000,
        )  # fmt: skip
    with school.read() as db:
        assert training_start.log_of(db, case) == []


def test_a_reviewers_words_stay_and_are_a_persons_own(school: Store) -> None:
    trainee, boss = account(school, "tia"), account(school, "boss")
    case, other = begun(school, trainee), begun(school, trainee, "vague-note")

    def say(words: str, **keys: str | None) -> None:
        values: dict[str, str | None] = {"care_time_id": None, "verdict": "sound", "reviewer": boss}
        values |= keys
        with school.write() as db:
            training.review(
                db,
                case.id,
                care_time_id=values["care_time_id"],
                verdict=str(values["verdict"]),
                words=words,
                reviewer=str(values["reviewer"]),
                at_ms=AT + 5,
            )

    say("Well split, and in time")
    say("The outcome is missing", verdict="needs_work")
    for refused, words, keys in (
        ("their own log", "I like it", {"reviewer": trainee}),
        ("Write what", " ok ", {}),
        ("Say whether", "Something", {"verdict": "great"}),
        ("does not belong", "Something", {"care_time_id": "9" * 32}),
    ):
        with pytest.raises(Refused, match=refused):
            say(words, **keys)
    with school.read() as db:
        found = training.reviews(db, case.id)
        assert {one.verdict for one in found} == {"sound", "needs_work"}
        assert {one.reviewer for one in found} == {"A boss"}
        assert training.reviews(db, other.id) == []
        assert training.reviewed_counts(db) == {case.id: 2}
    with pytest.raises(DBAPIError, match="append-only"), school.write() as db:
        db.execute(tables.training_review.update().values(words="x"))
