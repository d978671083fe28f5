"""As whom somebody worked on a date: billing role, credential, employer. Each change is a row.

A change has the date it holds from and a reason; an entry of time keeps the role of its own date.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.npi import check_npi
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import staff, staff_detail

BILLING_ROLES = ("clinical_staff", "practitioner", "non_clinical")
ALWAYS = date.min  # from when on an account is what it was opened as
FIELDS = ("billing_role", "credential", "employed", "employer", "npi", "practice")


@dataclass(frozen=True, kw_only=True)
class Detail:
    """What holds of somebody from a date on. `employed`: by the practice, not by a contractor."""

    staff_id: str
    billing_role: str
    credential: str | None
    employed: bool
    employer: str | None
    npi: str | None
    practice: str | None
    effective_from: date
    reason: str
    recorded_at_ms: int
    author: str


class Roster:
    """The details of several people, asked for by date."""

    def __init__(self, first: Mapping[str, str], known: Mapping[str, list[Detail]]) -> None:
        self._first = first
        self._known = known

    def on(self, staff_id: str, day: date) -> Detail | None:
        """What held on that date; None where nothing is recorded for it."""
        begun = [one for one in self._known.get(staff_id, []) if one.effective_from <= day]
        return begun[-1] if begun else None

    def role(self, staff_id: str, day: date) -> str:
        """The billing role; before every detail, what the account was opened with."""
        detail = self.on(staff_id, day)
        return self._first[staff_id] if detail is None else detail.billing_role

    def employed(self, staff_id: str, day: date) -> bool:
        """Whether the practice employs them; nobody said otherwise: yes."""
        detail = self.on(staff_id, day)
        return detail is None or detail.employed

    def changes(self, staff_id: str) -> list[date]:
        """The dates from which something else may have held, oldest first."""
        return [one.effective_from for one in self._known.get(staff_id, [])]


def roster(
    db: Connection, known_at_ms: int | None = None, ids: Collection[str] | None = None
) -> Roster:
    """These people, or everybody, as far as it was recorded by then."""
    statement = select(staff.c.id, staff.c.billing_role)
    if ids is not None:
        statement = statement.where(staff.c.id.in_(ids))
    first = {row.id: row.billing_role for row in db.execute(statement)}
    found: dict[str, list[Detail]] = {}
    for one in history(db, ids=ids, known_at_ms=known_at_ms):
        found.setdefault(one.staff_id, []).append(one)
    return Roster(first, found)


def history(
    db: Connection, *, ids: Collection[str] | None = None, known_at_ms: int | None = None
) -> list[Detail]:
    """Every change, in the order in which they take effect; the newest of a date wins."""
    statement = select(staff_detail).order_by(
        staff_detail.c.effective_from, staff_detail.c.recorded_at_ms, staff_detail.c.id
    )
    if ids is not None:
        statement = statement.where(staff_detail.c.staff_id.in_(ids))
    if known_at_ms is not None:
        statement = statement.where(staff_detail.c.recorded_at_ms <= known_at_ms)
    return [
        Detail(**{name: row[name] for name in row if name != "id"})
        for row in db.execute(statement).mappings()
    ]


def practitioners(db: Connection, at_ms: int) -> list[str]:
    """The accounts that are practitioners at this instant."""
    people, today = roster(db, at_ms), utc_day(at_ms)
    ids = db.execute(select(staff.c.id).order_by(staff.c.username)).scalars()
    return [one for one in ids if people.role(one, today) == "practitioner"]


def record(  # noqa: PLR0913 - named columns
    db: Connection,
    staff_id: str,
    changes: Mapping[str, Any],
    *,
    effective_from: date,
    reason: str,
    author: str,
    at_ms: int,
) -> None:
    """Put a change on record; what it does not name stays as it was on that date."""
    known = roster(db, ids=[staff_id])
    before = known.on(staff_id, effective_from)
    values: dict[str, Any] = {
        "billing_role": known.role(staff_id, effective_from),
        "employed": known.employed(staff_id, effective_from),
        **{name: getattr(before, name, None) for name in ("credential", "employer", "npi")},
        "practice": getattr(before, "practice", None),
    }
    unknown = set(changes) - set(FIELDS)
    assert not unknown, f"no column of staff_detail: {unknown}"
    values |= {k: v.strip() or None if isinstance(v, str) else v for k, v in changes.items()}
    if values["billing_role"] not in BILLING_ROLES:
        raise Refused(f"The billing role must be one of: {', '.join(BILLING_ROLES)}.")
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the change.")
    if not values["employed"] and not values["employer"]:
        raise Refused("Name the employer of somebody whom the practice does not employ.")
    check_npi(values["npi"])
    row = {
        "id": new_id(),
        "staff_id": staff_id,
        **values,
        "effective_from": effective_from,
        "reason": reason.strip(),
        "recorded_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, staff_detail, row, author=author, at_ms=at_ms)


def utc_day(at_ms: int) -> date:
    """The date of an instant for facts that belong to no patient's zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
