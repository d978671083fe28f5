"""What a person has to look at. An alarm that nobody has seen yet is not raised twice."""

from sqlalchemy import Connection, insert, select

from cloud_sync.ledger.tables import alarm


def raise_once(db: Connection, *, kind: str, hub_id: str | None, detail: str, at_ms: int) -> None:
    """Raise it unless the same one still waits to be seen. `detail` holds no patient data."""
    waiting = select(alarm.c.id).where(
        alarm.c.kind == kind,
        alarm.c.hub_id.is_(None) if hub_id is None else alarm.c.hub_id == hub_id,
        alarm.c.detail == detail,
        alarm.c.seen_at_ms.is_(None),
    )
    if db.scalar(waiting.limit(1)) is None:
        db.execute(insert(alarm).values(kind=kind, hub_id=hub_id, detail=detail, at_ms=at_ms))
