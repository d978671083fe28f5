"""Who looked at which patient, where and when: one row a view, never changed."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.tables import read_log, staff

_TERMINAL = "at the server's terminal"  # an operator has no account


@dataclass(frozen=True, kw_only=True)
class Read:
    """One view, as the auditor sees it."""

    at_ms: int
    full_name: str
    role: str
    patient_id: str | None
    route: str


def record(
    db: Connection, *, staff_id: str, patient_id: str | None, route: str, at_ms: int
) -> None:
    """Note a view of patient data. `route` is the pattern, not the address with its values."""
    row = {"staff_id": staff_id, "patient_id": patient_id, "route": route, "at_ms": at_ms}
    entries.add(db, read_log, row, author=staff_id, at_ms=at_ms)


def newest(db: Connection, limit: int = 200) -> list[Read]:
    """The latest views, newest first."""
    rows = db.execute(
        select(
            read_log.c.at_ms,
            func.coalesce(staff.c.full_name, _TERMINAL).label("full_name"),
            func.coalesce(staff.c.role, "").label("role"),
            read_log.c.patient_id,
            read_log.c.route,
        )
        .outerjoin(staff, staff.c.id == read_log.c.staff_id)
        .order_by(read_log.c.id.desc())
        .limit(limit)
    )
    return [Read(**row) for row in rows.mappings()]
