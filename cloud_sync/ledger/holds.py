"""Legal holds: while one stands, nothing that it covers may be erased, however old it is.

Several may cover the same patient; each stands until it is lifted by a row of its own.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.people import find
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import legal_hold, legal_hold_lift


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One hold; `patient_id` None covers the whole practice."""

    id: str
    patient_id: str | None
    reason: str
    placed_at_ms: int
    author: str
    lift_reason: str | None
    lifted_at_ms: int | None
    lifted_by: str | None

    def covers(self, patient_id: str | None) -> bool:
        """Whether it stands and covers this patient; None: readings of nobody."""
        return self.lifted_at_ms is None and self.patient_id in (None, patient_id)


def place(db: Connection, *, patient_id: str | None, reason: str, author: str, at_ms: int) -> str:
    """Put a patient, or with None the practice, under hold; the hold's id."""
    if not reason.strip():
        raise Refused("Say why: name the letter, the court or the audit that asks for it.")
    if patient_id is not None:
        find(db, patient_id)
    row = {
        "id": new_id(),
        "patient_id": patient_id,
        "reason": reason.strip(),
        "placed_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, legal_hold, row, author=author, at_ms=at_ms)
    return str(row["id"])


def lift(db: Connection, hold_id: str, *, reason: str, author: str, at_ms: int) -> None:
    """End a hold that stands."""
    if not reason.strip():
        raise Refused("Say why the hold ends.")
    entries.lock(db)  # two who lift it at once: the second hears that it is done
    hold = next((one for one in every(db) if one.id == hold_id), None)
    if hold is None:
        raise Refused("There is no such hold.")
    if hold.lifted_at_ms is not None:
        raise Refused("This hold was lifted already.")
    row = {
        "hold_id": hold_id,
        "reason": reason.strip(),
        "lifted_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, legal_hold_lift, row, author=author, at_ms=at_ms)


def every(db: Connection) -> list[Hold]:
    """All holds, lifted ones too, oldest first."""
    rows = db.execute(
        select(
            legal_hold,
            legal_hold_lift.c.reason.label("lift_reason"),
            legal_hold_lift.c.lifted_at_ms,
            legal_hold_lift.c.author.label("lifted_by"),
        )
        .outerjoin(legal_hold_lift, legal_hold_lift.c.hold_id == legal_hold.c.id)
        .order_by(legal_hold.c.placed_at_ms, legal_hold.c.id)
    ).mappings()
    return [Hold(**row) for row in rows]
