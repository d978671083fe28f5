"""What a device is known to be, from which date on: each change a row with its reason.

Flags decide whether readings count, so a change says from when: what lies before it stays.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, update

from cloud_sync.ledger import devices, entries
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import device, device_detail

FLAGS = ("fda_defined", "automatic", "test")
TEXTS = ("fda_basis", "manufacturer", "model", "serial", "udi")
_LONGEST = 200  # characters; a UDI has fewer


@dataclass(frozen=True, kw_only=True)
class Detail:
    """What holds of a device from a date on."""

    device_id: str
    label: str
    fda_defined: bool
    fda_basis: str | None
    automatic: bool
    test: bool
    manufacturer: str | None
    model: str | None
    serial: str | None
    udi: str | None
    effective_from: date
    reason: str
    recorded_at_ms: int
    author: str

    @property
    def flags(self) -> dict[str, bool]:
        """Those that the rules ask for."""
        return {name: getattr(self, name) for name in FLAGS}


def history(
    db: Connection, ids: Collection[str], known_at_ms: int | None = None
) -> dict[str, list[Detail]]:
    """The changes of these devices in the order in which they take effect, by device.

    Where two name the same date, the one recorded later stands for it.
    """
    statement = (
        select(device_detail)
        .where(device_detail.c.device_id.in_(ids))
        .order_by(
            device_detail.c.effective_from, device_detail.c.recorded_at_ms, device_detail.c.id
        )
    )
    if known_at_ms is not None:
        statement = statement.where(device_detail.c.recorded_at_ms <= known_at_ms)
    found: dict[str, dict[date, Detail]] = {}
    for row in db.execute(statement).mappings():
        detail = Detail(**{name: row[name] for name in row if name != "id"})
        found.setdefault(detail.device_id, {})[detail.effective_from] = detail
    return {device_id: list(by_date.values()) for device_id, by_date in found.items()}


def on(db: Connection, device_id: str, day: date) -> Detail | None:
    """What holds on a date; None: nothing but what the device was registered with."""
    begun = [d for d in history(db, [device_id]).get(device_id, []) if d.effective_from <= day]
    return begun[-1] if begun else None


def record(  # noqa: PLR0913 - named columns
    db: Connection,
    device_id: str,
    changes: Mapping[str, Any],
    *,
    effective_from: date,
    reason: str,
    author: str,
    at_ms: int,
) -> None:
    """Put a change on record; what it does not name stays as it was on that date."""
    registered = devices.find(db, device_id)
    before = on(db, device_id, effective_from) or registered
    names = ("label", *FLAGS, *TEXTS)
    assert set(changes) <= set(names), "no column of device_detail"
    values = {name: getattr(before, name, None) for name in names}
    values |= {k: v.strip() or None if isinstance(v, str) else v for k, v in changes.items()}
    if not values["label"]:
        raise Refused("Give the device a name that staff will recognise.")
    if any(len(values[name] or "") > _LONGEST for name in ("label", *TEXTS)):
        raise Refused(f"Each of the device's texts has at most {_LONGEST} characters.")
    if not reason.strip():
        raise Refused("Say why: the reason stands beside the change.")
    row = {
        "id": new_id(),
        "device_id": device_id,
        **values,
        "effective_from": effective_from,
        "reason": reason.strip(),
        "recorded_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, device_detail, row, author=author, at_ms=at_ms)
    # What lists call it; nothing is counted by it.
    db.execute(update(device).where(device.c.id == device_id).values(label=values["label"]))
