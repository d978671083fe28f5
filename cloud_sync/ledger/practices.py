"""The practice's own name, NPI and address, from which date on. Each change is a row."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.npi import check_npi
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import practice_detail

MAIN = "main"  # the only practice of most clinics
_LONGEST_NAME = 32


@dataclass(frozen=True, kw_only=True)
class Detail:
    """A practice from a date on."""

    practice: str
    name: str
    npi: str | None
    address: str | None
    effective_from: date
    reason: str
    recorded_at_ms: int
    author: str


def record(db: Connection, detail: Detail) -> None:
    """Put a practice, or a change of one, on record."""
    if not detail.practice.strip() or len(detail.practice) > _LONGEST_NAME:
        raise Refused(f"A practice has a short name of at most {_LONGEST_NAME} characters.")
    if not detail.name.strip():
        raise Refused("Give the practice's name, as it stands on a claim.")
    if not detail.reason.strip():
        raise Refused("Say why: the reason stands beside the change.")
    check_npi(detail.npi)
    row = {
        "id": new_id(),
        "practice": detail.practice.strip(),
        "name": detail.name.strip(),
        "npi": detail.npi,
        "address": (detail.address or "").strip() or None,
        "effective_from": detail.effective_from,
        "reason": detail.reason.strip(),
        "recorded_at_ms": detail.recorded_at_ms,
        "author": detail.author,
    }
    entries.add(db, practice_detail, row, author=detail.author, at_ms=detail.recorded_at_ms)


def history(db: Connection, known_at_ms: int | None = None) -> list[Detail]:
    """Every change, in the order in which they take effect; the newest of a date wins."""
    statement = select(practice_detail).order_by(
        practice_detail.c.practice,
        practice_detail.c.effective_from,
        practice_detail.c.recorded_at_ms,
        practice_detail.c.id,
    )
    if known_at_ms is not None:
        statement = statement.where(practice_detail.c.recorded_at_ms <= known_at_ms)
    return [
        Detail(**{name: row[name] for name in row if name != "id"})
        for row in db.execute(statement).mappings()
    ]


def on(db: Connection, day: date, known_at_ms: int | None = None) -> list[Detail]:
    """Each practice as it was on a date."""
    found: dict[str, Detail] = {}
    for one in history(db, known_at_ms):
        if one.effective_from <= day:
            found[one.practice] = one
    return list(found.values())
