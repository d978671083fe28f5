"""Which columns of which table are sealed at rest, and under whose key.

What is on a patient's file is under the patient's own key; what belongs to a year of service under
the key of patient and year; what hubs send under the key of hub and month, because it must be
stored before anybody knows whose it is.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    LargeBinary,
    Table,
    Text,
    case,
    func,
    select,
    type_coerce,
)

from cloud_sync.ledger import cells
from cloud_sync.ledger.tables import (
    alert,
    assignment,
    attestation,
    care_time,
    metadata,
    month_snapshot,
    release,
)
from cloud_sync.ledger.vault import Scope, Vault

Row = Mapping[Any, Any]
SALT = "salt"
FILE = ""  # the period of a patient's file
UNKNOWN_HUB = "unknown"  # of what came in nobody's name
_vaults: "WeakKeyDictionary[Dialect, Vault]" = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The columns, and how a row tells its scope."""

    columns: tuple[str, ...]
    scope: Callable[[Connection, Row], Scope]


def use(dialect: Dialect, vault: Vault) -> None:
    """Seal and open with this vault on the connections of this engine."""
    _vaults[dialect] = vault
    cells.register(dialect, vault.key)


def vault_of(db: Connection) -> Vault | None:
    """The vault of this connection's database, if it has one."""
    return _vaults.get(db.dialect)


def salted(db: Connection, table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """With a salt where its personal content will be sealed: its leaf can then not be guessed."""
    if table.name in PLANS and SALT in table.c and vault_of(db) is not None:
        return row | {SALT: secrets.token_hex(16)}
    return row


def sealed(db: Connection, table: Table, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as they are stored."""
    vault, plan = vault_of(db), PLANS.get(str(table.name))
    if vault is None or plan is None:
        return [dict(row) for row in rows]
    scopes = [plan.scope(db, row) for row in rows]
    keys = vault.keys_for(db, set(scopes))
    return [
        _sealed(row, plan.columns, *keys[scope]) for row, scope in zip(rows, scopes, strict=True)
    ]


def _sealed(row: Row, columns: Sequence[str], key_id: str, key: bytes) -> dict[str, Any]:
    found = dict(row)
    for name in columns:
        value = found.get(name)
        if isinstance(value, bytes):
            found[name] = cells.seal_bytes(value, key_id, key)
        elif value is not None:
            text = value.isoformat() if isinstance(value, date) else value
            found[name] = cells.seal_text(text, key_id, key)
    return found


def tables() -> list[tuple[Table, Plan]]:
    """Every table of which something is sealed."""
    return [(metadata.tables[name], plan) for name, plan in PLANS.items()]


def stored(table: Table, name: str) -> ColumnElement[Any]:
    """A column as it is stored, sealed."""
    kind = table.c[name].type
    if isinstance(kind, cells.SealedBytes):
        return type_coerce(table.c[name], LargeBinary())
    return type_coerce(table.c[name], Text())


def check(db: Connection) -> None:
    """KeyLost where the clinic's key does not open this database."""
    vault = vault_of(db)
    if vault is not None:
        vault.check(db)


def is_sealed(table: Table, name: str) -> ColumnElement[bool]:
    """Whether a key opens this cell, as the database can tell."""
    kind = table.c[name].type
    column = stored(table, name)
    if isinstance(kind, cells.SealedBytes):
        mark = func.substr(column, 1, len(cells.BYTES_MARK), type_=LargeBinary())
        return mark == cells.BYTES_MARK
    return column.startswith(cells.TEXT_MARK, autoescape=True)


def size_bytes(table: Table, name: str) -> ColumnElement[int]:
    """How long a cell of bytes is without what the sealing adds."""
    whole = func.length(stored(table, name))
    return case((is_sealed(table, name), whole - cells.ADDED_BYTES), else_=whole)


def prepare(db: Connection, patients: Sequence[str]) -> None:
    """Read these patients' keys at once."""
    vault = vault_of(db)
    if vault is not None:
        vault.prepare(db, [patient(one) for one in patients])


def prepare_patients(db: Connection) -> None:
    """Read every key of every patient at once."""
    vault = vault_of(db)
    if vault is not None:
        vault.prepare_patients(db)


def prepare_files(db: Connection) -> None:
    """Read the keys of every patient's file at once."""
    vault = vault_of(db)
    if vault is not None:
        vault.prepare_files(db)


def patient(patient_id: str) -> str:
    """The subject of a patient's keys."""
    return f"patient/{patient_id}"


def hub(hub_id: str) -> str:
    """The subject of a hub's keys."""
    return f"hub/{hub_id}"


def year_of(at_ms: int) -> str:
    """The UTC year of an instant, as a period."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y}"


def month_of(at_ms: int) -> str:
    """The UTC month of an instant, as a period."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}"


def _file(_db: Connection, row: Row) -> Scope:
    return patient(row["patient_id"]), FILE


def _worked(_db: Connection, row: Row) -> Scope:
    return patient(row["patient_id"]), year_of(row["start_ms"])


def _voided(db: Connection, row: Row) -> Scope:
    query = select(care_time.c.patient_id, care_time.c.start_ms)
    found = db.execute(query.where(care_time.c.id == row["care_time_id"])).mappings()
    return _worked(db, found.one())


def _closed(_db: Connection, row: Row) -> Scope:
    return patient(row["patient_id"]), row["month"][:4]


def _unsigned(db: Connection, row: Row) -> Scope:
    query = (
        select(month_snapshot.c.patient_id, month_snapshot.c.month)
        .join(attestation, attestation.c.snapshot_id == month_snapshot.c.id)
        .where(attestation.c.id == row["attestation_id"])
    )
    return _closed(db, db.execute(query).mappings().one())


def _released(db: Connection, row: Row) -> Scope:
    query = select(month_snapshot.c.patient_id, month_snapshot.c.month)
    found = db.execute(query.where(month_snapshot.c.id == row["snapshot_id"])).mappings()
    return _closed(db, found.one())


def _recalled(db: Connection, row: Row) -> Scope:
    query = select(release.c.snapshot_id).where(release.c.id == row["release_id"])
    return _released(db, db.execute(query).mappings().one())


def _returned(db: Connection, row: Row) -> Scope:
    query = select(assignment.c.patient_id).where(assignment.c.id == row["assignment_id"])
    return _file(db, db.execute(query).mappings().one())


def _sent(_db: Connection, row: Row) -> Scope:
    return hub(row["hub_id"]), month_of(row["committed_at_ms"])


def _set_aside(_db: Connection, row: Row) -> Scope:
    return hub(row["hub_id"] or UNKNOWN_HUB), month_of(row["at_ms"])


def _alerted(_db: Connection, row: Row) -> Scope:
    return patient(row["patient_id"]), year_of(row["raised_at_ms"])


def _handled(db: Connection, row: Row) -> Scope:
    query = select(alert.c.patient_id, alert.c.raised_at_ms)
    return _alerted(db, db.execute(query.where(alert.c.id == row["alert_id"])).mappings().one())


PLANS = {
    "patient_detail": Plan(
        columns=("name", "birth_date", "record_number", "reason", SALT), scope=_file
    ),
    "assignment_end": Plan(columns=("reason", SALT), scope=_returned),
    "program_fact": Plan(columns=("body", "reason", SALT), scope=_file),
    "care_time": Plan(columns=("activity", "note", "reason", SALT), scope=_worked),
    "care_time_void": Plan(columns=("reason", SALT), scope=_voided),
    "month_snapshot": Plan(columns=("body", "reason", SALT), scope=_closed),
    "attestation_void": Plan(columns=("reason", SALT), scope=_unsigned),
    "release": Plan(columns=("lines", SALT), scope=_released),
    "release_void": Plan(columns=("reason", SALT), scope=_recalled),
    "alert_threshold": Plan(columns=("low", "high", "reason", SALT), scope=_file),
    "alert": Plan(columns=("value", "bound", SALT), scope=_alerted),
    "alert_handling": Plan(columns=("note", SALT), scope=_handled),
    "envelope": Plan(columns=("body",), scope=_sent),
    "observation": Plan(columns=("plaintext",), scope=_sent),
    "quarantine": Plan(columns=("body",), scope=_set_aside),
}
