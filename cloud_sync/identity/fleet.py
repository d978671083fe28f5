"""What the clinic knows of its hubs, for lists."""

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select

from cloud_sync.contract import state as contract
from cloud_sync.contract.state import HubState
from cloud_sync.ledger.tables import hub


def overview(db: Connection) -> list[dict[str, Any]]:
    """Every hub, oldest first, with the numbers of its latest state message."""
    rows = db.execute(select(hub).order_by(hub.c.created_at_ms, hub.c.id)).mappings()
    return [_entry(dict(row)) for row in rows]


def last_state(message: bytes | None, verify_key: bytes | None) -> HubState | None:
    """What the hub last said of itself."""
    if message is None or verify_key is None:
        return None
    return contract.verify(message, Ed25519PublicKey.from_public_bytes(verify_key))


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    said = last_state(row["state_message"], row["verify_key"])
    at_ms = row["state_at_ms"]
    return {
        "hub": row["id"],
        "label": row["label"],
        "state": row["state"],
        "link_up": row["link_up"],
        "state_at": None if at_ms is None else _instant(at_ms),
        "held": None if said is None else said.held,
        "refused": None if said is None else said.refused,
        "days_of_room": None if said is None else said.days_of_room,
        "software": None if said is None else said.software,
    }


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
