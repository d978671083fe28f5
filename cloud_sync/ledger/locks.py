"""What one writer at a time may work on (PostgreSQL; SQLite has one writer anyway).

Two writers must never wait for each other, so all lock in one order: the rows of hubs, of devices
(by id); the readings of patients (by id); a worker's row; that no erasure runs (`vault.share`);
last the chain's end (`entries.lock`).
"""

from collections.abc import Iterable

from sqlalchemy import Column, ColumnElement, Connection, Function, Table, func, select


def hold(db: Connection, table: Table, which: ColumnElement[bool]) -> None:
    """Nobody else holds these rows, in the order of their keys, until this transaction ends.

    New rows may refer to them meanwhile: whoever adds one has often locked something else already.
    """
    keys: list[Column[object]] = list(table.primary_key.columns)
    rows = select(*keys).where(which).order_by(*keys)
    db.execute(rows.with_for_update(key_share=True))


def share_readings(db: Connection, patients: Iterable[str]) -> None:
    """Readings of these patients may be added without the chain's end: nobody closes a month."""
    if db.dialect.name == "postgresql":
        for patient_id in sorted(patients):
            db.execute(select(func.pg_advisory_xact_lock_shared(_readings(patient_id))))


def hold_readings(db: Connection, patient_id: str) -> None:
    """No reading of this patient arrives by `share_readings` until this transaction ends."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_readings(patient_id))))


def _readings(patient_id: str) -> Function[int]:
    return func.hashtextextended(f"readings {patient_id}", 0)
