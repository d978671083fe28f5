"""Hubs as staff see them: enrolled or not, in contact or silent, how much they hold."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.contract.state import HubState
from cloud_sync.ledger.tables import hub

SILENT_AFTER_MS = 26 * 60 * 60 * 1000  # a day, and two hours for a measurement later than usual
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, kw_only=True)
class Hub:
    """One hub; `report` is what it last said of itself."""

    id: str
    label: str
    state: str
    created_at_ms: int
    enrolled_at_ms: int | None
    link_up: bool
    state_at_ms: int | None
    report: HubState | None

    def silent(self, at_ms: int) -> bool:
        """Enrolled, not connected, and not heard of for longer than a day's rhythm explains."""
        heard = max(self.state_at_ms or 0, self.enrolled_at_ms or 0)
        return self.state == "active" and not self.link_up and at_ms - heard > SILENT_AFTER_MS


def everything(db: Connection, only: Collection[str] | None = None) -> list[Hub]:
    """All hubs, or those of these ids, by name."""
    statement = select(hub).order_by(hub.c.label, hub.c.id)
    if only is not None:
        statement = statement.where(hub.c.id.in_(only))
    rows = db.execute(statement).mappings()
    return [
        Hub(
            id=row["id"],
            label=row["label"],
            state=row["state"],
            created_at_ms=row["created_at_ms"],
            enrolled_at_ms=row["enrolled_at_ms"],
            link_up=row["link_up"],
            state_at_ms=row["state_at_ms"],
            report=_report(row["state_message"]),
        )
        for row in rows
    ]


def version(db: Connection) -> str:
    """Changes whenever the page of hubs would show something new."""
    shown = [(one.id, one.state, one.link_up, one.state_at_ms) for one in everything(db)]
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _report(message: bytes | None) -> HubState | None:
    """Ingest keeps a state message only after it has verified its signature."""
    if not message:
        return None
    try:
        return msgspec.json.decode(message[_SIGNATURE_BYTES:], type=HubState)
    except msgspec.MsgspecError:
        return None
