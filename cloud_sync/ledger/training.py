"""A training practice: a ledger of its own that can never bill, and its trainees' cases.

The mark lies in the database, which itself refuses to close or sign a month there, and to admit a
hub (ADR 0034). What is asked here first is asked in words.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, inspect, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import (
    care_time,
    hub,
    staff,
    training_case,
    training_mark,
    training_review,
)

STAMP = "TRAINING - NOT FOR BILLING"
HUB = "7" * 32  # whose hub the constructed readings came from: none that could ever enrol
VERDICTS = ("sound", "needs_work")
SHORTEST_WORDS = 5  # characters: a word at least


@dataclass(frozen=True, kw_only=True)
class StartedCase:
    """One trainee at work on one scripted case."""

    id: str
    scenario: str
    patient_id: str
    author: str
    trainee: str
    recorded_at_ms: int


@dataclass(frozen=True, kw_only=True)
class Review:
    """A reviewer's words on an entry, or on the whole case."""

    care_time_id: str | None
    verdict: str
    words: str
    reviewer: str
    recorded_at_ms: int


def mark(db: Connection, at_ms: int) -> None:
    """Make this empty ledger a training practice, for ever."""
    db.execute(insert(hub).values(id=HUB, label="Training", state="active", created_at_ms=at_ms))
    db.execute(insert(training_mark).values(id=1, made_at_ms=at_ms))


def is_training(db: Connection, *, maybe_older: bool = False) -> bool:
    """Whether nothing here may ever be billed. A ledger `maybe_older` than the mark is real."""
    if maybe_older and not inspect(db).has_table(training_mark.name):
        return False
    return db.execute(select(training_mark.c.id)).first() is not None


def refuse_billing(db: Connection) -> None:
    """Every way towards a claim passes here, before the database says the same."""
    if is_training(db):
        raise Refused(f"{STAMP}: this is a training practice. It closes no month and writes none.")


def refuse_hubs(db: Connection) -> None:
    """No patient's readings come into a training practice."""
    if is_training(db):
        raise Refused(f"{STAMP}: this is a training practice. It has no hubs.")


def record_case(db: Connection, *, scenario: str, patient_id: str, trainee: str, at_ms: int) -> str:
    """A trainee begins a case with a patient of its own."""
    identity = new_id()
    row = {
        "id": identity,
        "scenario": scenario,
        "patient_id": patient_id,
        "author": trainee,
        "recorded_at_ms": at_ms,
    }
    entries.add(db, training_case, row, author=trainee, at_ms=at_ms)
    return identity


def cases(db: Connection, trainee: str | None = None) -> list[StartedCase]:
    """Every case, or one trainee's, newest first."""
    statement = (
        select(training_case, staff.c.full_name.label("trainee"))
        .join(staff, staff.c.id == training_case.c.author)
        .order_by(training_case.c.recorded_at_ms.desc(), training_case.c.id)
    )
    if trainee is not None:
        statement = statement.where(training_case.c.author == trainee)
    return [StartedCase(**row) for row in db.execute(statement).mappings()]


def case_of(db: Connection, case_id: str) -> StartedCase:
    """One case, or Refused."""
    found = next((one for one in cases(db) if one.id == case_id), None)
    if found is None:
        raise Refused("There is no such training case.")
    return found


def review(  # noqa: PLR0913 - named columns
    db: Connection,
    case_id: str,
    *,
    care_time_id: str | None,
    verdict: str,
    words: str,
    reviewer: str,
    at_ms: int,
) -> None:
    """Put a reviewer's words beside the trainee's entry; a later word stands below, not instead."""
    case = case_of(db, case_id)
    if verdict not in VERDICTS:
        raise Refused("Say whether it is sound or needs work.")
    if len(words.strip()) < SHORTEST_WORDS:
        raise Refused("Write what is good about it, or what is missing: the trainee learns by it.")
    if reviewer == case.author:
        raise Refused("Nobody reviews their own log.")
    whose = select(care_time.c.patient_id).where(care_time.c.id == care_time_id)
    if care_time_id is not None and db.scalar(whose) != case.patient_id:
        raise Refused("This entry does not belong to the case.")
    row = {
        "id": new_id(),
        "case_id": case_id,
        "care_time_id": care_time_id,
        "verdict": verdict,
        "words": words.strip(),
        "author": reviewer,
        "recorded_at_ms": at_ms,
    }
    entries.add(db, training_review, row, author=reviewer, at_ms=at_ms)


def reviews(db: Connection, case_id: str) -> list[Review]:
    """Every word on a case, oldest first."""
    rows = db.execute(
        select(
            training_review.c.care_time_id,
            training_review.c.verdict,
            training_review.c.words,
            staff.c.full_name.label("reviewer"),
            training_review.c.recorded_at_ms,
        )
        .join(staff, staff.c.id == training_review.c.author)
        .where(training_review.c.case_id == case_id)
        .order_by(training_review.c.recorded_at_ms, training_review.c.id)
    ).mappings()
    return [Review(**row) for row in rows]


def reviewed_counts(db: Connection) -> dict[str, int]:
    """How many words a reviewer left on each case."""
    rows = db.execute(
        select(training_review.c.case_id, func.count()).group_by(training_review.c.case_id)
    )
    return {row[0]: row[1] for row in rows}
