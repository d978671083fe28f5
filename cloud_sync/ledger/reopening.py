"""Opens a closed month again by itself when what arrived has changed it.

The new version names what arrived, and the signature under the old one is voided by its own row,
both in one transaction. `serve` does it within seconds; whoever exports asks first.
"""

from sqlalchemy import Connection, delete, select

from cloud_sync.ledger import closing, entries, locks, snapshots, touched
from cloud_sync.ledger.closing import Standing
from cloud_sync.ledger.people import find
from cloud_sync.ledger.tables import month_snapshot, month_touched

AUTHOR = "0" * 31 + "1"  # the clinic itself: the rule, and no person, opened the month


def settle(db: Connection, patient_id: str, at_ms: int) -> int:
    """Compare the patient's marked months with their facts; how many were opened again.

    A month that is not over any more, because the patient's zone was changed, keeps its mark.
    """
    locks.hold_readings(db, patient_id)  # as `closing` does, before anything is read
    entries.lock(db)
    marks = db.execute(
        select(month_touched.c.id, month_touched.c.from_month).where(
            month_touched.c.patient_id == patient_id
        )
    ).all()
    if not marks:
        return 0
    who, opened, waits = find(db, patient_id), 0, False
    for month in _closed(db, patient_id, min(mark.from_month for mark in marks)):
        if not closing.is_over(who, month, at_ms):
            waits = True
            continue
        before = snapshots.latest(db, patient_id, month)
        after = closing.close(db, patient_id, month, author=AUTHOR, at_ms=at_ms)
        opened += after.snapshot != before
    if not waits:
        db.execute(delete(month_touched).where(month_touched.c.id.in_([m.id for m in marks])))
    return opened


def settled(db: Connection, patient_id: str, month: str, at_ms: int) -> Standing:
    """The month as its facts stand now: what an export, a print or a signature must start from.

    A month that nobody has closed stays open: closing is a person's act.
    """
    before = closing.standing(db, find(db, patient_id), month, at_ms)
    if before.snapshot is None or not before.changes:
        return before
    return closing.close(db, patient_id, month, author=AUTHOR, at_ms=at_ms)


def pending(db: Connection) -> list[str]:
    """Patients whose closed months wait to be compared."""
    return touched.waiting(db)


def _closed(db: Connection, patient_id: str, since: str) -> list[str]:
    found = db.execute(
        select(month_snapshot.c.month)
        .where(month_snapshot.c.patient_id == patient_id, month_snapshot.c.month >= since)
        .group_by(month_snapshot.c.month)
        .order_by(month_snapshot.c.month)
    )
    return list(found.scalars())
