"""The keys of hubs as facts: what an envelope's signature is checked with years later."""

from sqlalchemy import Connection, exists, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.tables import hub, hub_key

AUTHOR = "enrolment"


def record(db: Connection, hub_id: str, verify_key: bytes, at_ms: int) -> None:
    """The key a hub was enrolled with; a second asking for the same enrolment changes nothing."""
    known = select(hub_key.c.hub_id).where(
        hub_key.c.hub_id == hub_id, hub_key.c.verify_key == verify_key
    )
    if db.scalar(known) is None:
        row = {"hub_id": hub_id, "verify_key": verify_key, "enrolled_at_ms": at_ms}
        entries.add(db, hub_key, row, author=AUTHOR, at_ms=at_ms)


def adopt(db: Connection) -> None:
    """Give hubs that were enrolled before their keys were facts the row they lack."""
    missing = (
        select(hub.c.id, hub.c.verify_key, hub.c.enrolled_at_ms)
        .where(hub.c.verify_key.is_not(None), ~exists().where(hub_key.c.hub_id == hub.c.id))
        .order_by(hub.c.enrolled_at_ms, hub.c.id)
    )
    for row in db.execute(missing).all():
        record(db, row.id, bytes(row.verify_key), row.enrolled_at_ms or 0)
