"""What was erased, and when: asked by pages, by determinations and by the next erasure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, literal, select

from cloud_sync.ledger import sealing
from cloud_sync.ledger.tables import data_key, erased, erasure

_MANY = 500


@dataclass(frozen=True, kw_only=True)
class Erased:
    """A year of a patient, or with an empty period the patient's file."""

    period: str
    erased_at_ms: int


def of_patient(db: Connection, patient_id: str) -> list[Erased]:
    """What was erased of a patient, oldest year first; the file before every year."""
    rows = db.execute(
        select(erased.c.period, erasure.c.erased_at_ms)
        .join(erasure, erasure.c.id == erased.c.erasure_id)
        .where(erased.c.subject == sealing.patient(patient_id))
        .order_by(erased.c.period)
    )
    return [Erased(period=row.period, erased_at_ms=row.erased_at_ms) for row in rows]


def of_month(db: Connection, patients: Iterable[str], month: str) -> dict[str, int]:
    """When this month's year was erased, or else the whole file, by patient; nobody else is in it.

    With a file every year of it is gone, those in which nothing had been recorded too.
    """
    wanted = {sealing.patient(one): one for one in patients}
    subjects, found = sorted(wanted), dict[str, int]()
    for at in range(0, len(subjects), _MANY):
        rows = db.execute(
            select(erased.c.subject, erasure.c.erased_at_ms)
            .join(erasure, erasure.c.id == erased.c.erasure_id)
            .where(
                erased.c.subject.in_(subjects[at : at + _MANY]),
                erased.c.period.in_((sealing.FILE, month[:4])),
            )
            .order_by(erased.c.period)  # the file first, so that the year's date stands
        )
        found |= {wanted[row.subject]: row.erased_at_ms for row in rows}
    return found


def is_gone(patient_id: ColumnElement[str], month: str = "") -> ColumnElement[bool]:
    """Whether, as the database can tell, `of_month` has this patient; without a month, the file."""
    subject = literal(sealing.patient("")) + patient_id
    periods = (sealing.FILE, month[:4]) if month else (sealing.FILE,)
    return exists().where(erased.c.subject == subject, erased.c.period.in_(periods))


def records(db: Connection) -> set[tuple[str, str]]:
    """Every subject and period that was erased."""
    return {(row.subject, row.period) for row in db.execute(select(erased))}


def contradiction(db: Connection, statement: dict[str, Any], digest: bytes) -> str | None:
    """What in this database speaks against a statement of an erasure; None: nothing does."""
    row = db.execute(select(erasure).where(erasure.c.id == statement["erasure"])).first()
    if row is None or bytes(row.statement) != digest:
        return "this ledger knows no such erasure"
    keys = [one["key"] for one in statement["scopes"] if one["key"] is not None]
    for at in range(0, len(keys), _MANY):
        there = select(data_key.c.id).where(data_key.c.id.in_(keys[at : at + _MANY]))
        if db.scalar(there.limit(1)) is not None:
            return "a key that it names is still there"
    return None
