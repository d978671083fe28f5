"""Alarms and the quarantine, as the administrator sees them."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from cloud_sync.ledger import sealing
from cloud_sync.ledger.tables import alarm, hub, quarantine, staff


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something a person must look at."""

    id: int
    at_ms: int
    kind: str
    detail: str
    hub_label: str | None
    seen_at_ms: int | None
    seen_by: str | None


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A message that did not verify or open; its bytes are kept whole."""

    at_ms: int
    reason: str
    topic: str
    hub_label: str | None
    size_bytes: int


def newest(db: Connection, limit: int = 100) -> list[Alarm]:
    """Alarms nobody has seen first, then the rest, newest first."""
    rows = db.execute(
        select(
            alarm.c.id,
            alarm.c.at_ms,
            alarm.c.kind,
            alarm.c.detail,
            hub.c.label.label("hub_label"),
            alarm.c.seen_at_ms,
            staff.c.full_name.label("seen_by"),
        )
        .outerjoin(hub, hub.c.id == alarm.c.hub_id)
        .outerjoin(staff, staff.c.id == alarm.c.seen_by)
        .order_by(alarm.c.seen_at_ms.is_not(None), alarm.c.id.desc())
        .limit(limit)
    )
    return [Alarm(**row) for row in rows.mappings()]


def quarantined(db: Connection, limit: int = 100) -> list[Quarantined]:
    """What is in quarantine, newest first; never the bytes themselves."""
    rows = db.execute(
        select(
            quarantine.c.at_ms,
            quarantine.c.reason,
            quarantine.c.topic,
            hub.c.label.label("hub_label"),
            sealing.size_bytes(quarantine, "body").label("size_bytes"),
        )
        .outerjoin(hub, hub.c.id == quarantine.c.hub_id)
        .order_by(quarantine.c.at_ms.desc())
        .limit(limit)
    )
    return [Quarantined(**row) for row in rows.mappings()]


def mark_seen(db: Connection, alarm_id: int, *, by: str, at_ms: int) -> None:
    """Who took notice first; a second look changes nothing."""
    db.execute(
        update(alarm)
        .where(alarm.c.id == alarm_id, alarm.c.seen_at_ms.is_(None))
        .values(seen_at_ms=at_ms, seen_by=by)
    )
