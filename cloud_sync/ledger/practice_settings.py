"""The practice's recorded conventions for counting and for keeping records, each with its reason.

A setting holds from its effective time on; a change is a row, nothing is edited.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import practice_setting
from cloud_sync.rules.case import Problem, read

NAMES = (
    "period_start",
    "day_rule",
    "late_receipt_days",
    "caps",
    "ccm_consent",
    "late_entry_hours",
    "rpm_contact_required",
)  # what the rules count by
RETENTION = "retention_years"
RETENTION_YEARS, FEWEST_YEARS, MOST_YEARS = 10, 7, 100  # 42 CFR 422.504(d); 42 CFR 424.516(f)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One recorded change."""

    name: str
    value: Any
    effective_from_ms: int
    reason: str
    recorded_at_ms: int
    author: str


def record(db: Connection, change: Change) -> None:
    """Put a change on record; Refused where the rules could not read it."""
    if change.name not in (*NAMES, RETENTION):
        raise Refused(f"A setting is one of: {', '.join((*NAMES, RETENTION))}.")
    if not change.reason.strip():
        raise Refused("Say why: the reason stands in every evidence packet.")
    if change.name == RETENTION:
        _check_years(change.value)
    else:
        _check_counting(change)
    row = {
        "id": new_id(),
        "name": change.name,
        "value": canonical(change.value).decode(),
        "effective_from_ms": change.effective_from_ms,
        "reason": change.reason.strip(),
        "recorded_at_ms": change.recorded_at_ms,
        "author": change.author,
    }
    entries.add(db, practice_setting, row, author=change.author, at_ms=change.recorded_at_ms)


def _check_counting(change: Change) -> None:
    probe = {
        "id": "probe",
        "as_of": "2026-01-01T00:00:00Z",
        "defaults": False,
        "settings": {change.name: change.value},
    }
    problem = read(probe)
    if isinstance(problem, Problem):
        raise Refused(f"This value cannot be read: {problem}.")


def _check_years(value: Any) -> None:  # noqa: ANN401 - whatever was typed
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused("Give the years of retention as a whole number.")
    if not FEWEST_YEARS <= value <= MOST_YEARS:
        raise Refused(
            f"Records are kept for {FEWEST_YEARS} years at least (42 CFR 424.516(f)), and "
            f"{MOST_YEARS} at most."
        )


def history(db: Connection, known_at_ms: int | None = None) -> list[Change]:
    """Every change known by then, in the order in which they take effect."""
    statement = select(practice_setting).order_by(
        practice_setting.c.effective_from_ms,
        practice_setting.c.recorded_at_ms,
        practice_setting.c.id,
    )
    if known_at_ms is not None:
        statement = statement.where(practice_setting.c.recorded_at_ms <= known_at_ms)
    return [
        Change(
            name=row["name"],
            value=msgspec.json.decode(row["value"]),
            effective_from_ms=row["effective_from_ms"],
            reason=row["reason"],
            recorded_at_ms=row["recorded_at_ms"],
            author=row["author"],
        )
        for row in db.execute(statement).mappings()
    ]


def in_force(db: Connection, at_ms: int, known_at_ms: int | None = None) -> dict[str, Any]:
    """The settings that hold at an instant; what is absent has the rules' own default."""
    return at(history(db, known_at_ms), at_ms)


def at(changes: Iterable[Change], at_ms: int) -> dict[str, Any]:
    """The same, of changes in the order in which they take effect."""
    return {
        change.name: change.value
        for change in changes
        if change.effective_from_ms <= at_ms and change.name in NAMES
    }


def retention_years(db: Connection, at_ms: int) -> int:
    """For how many years the practice keeps a record, at this instant."""
    found = RETENTION_YEARS
    for change in history(db, at_ms):
        if change.name == RETENTION and change.effective_from_ms <= at_ms:
            found = change.value
    return found
