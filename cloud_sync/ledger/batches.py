"""Vouches for what hubs sent, in batches, when a checkpoint is due: ingest and opener pay nothing.

A body is left out where the row's id is its hash; an observation's derived columns may change.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, and_, exists, insert, select

from cloud_sync.ledger import chain, entries
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.tables import batch, covered, envelope, observation, opening, quarantine

SLICE = 2000  # rows in one transaction: a page's write waits for no longer
AUTHOR = "checkpoint"
TABLES = {table.name: table for table in (envelope, opening, quarantine, observation)}
_LEFT_OUT = {
    "envelope": {"body"},
    "quarantine": {"body"},
    "observation": {
        "measured_at_ms",
        "measured_method",
        "uncertainty_ms",
        "patient_id",
        "local_day",
    },
}


def key(table: Table) -> Column[Any]:
    """The 32 bytes by which a row is known."""
    (column,) = table.primary_key.columns
    return column


def fixed(table: Table) -> list[Column[Any]]:
    """The columns a batch vouches for."""
    return [one for one in table.columns if one.name not in _LEFT_OUT.get(table.name, ())]


def cover_all(store: Store, at_ms: int) -> None:
    """Put every row that lies in no batch into one."""
    for table in TABLES.values():
        while _cover(store, table, at_ms):
            pass


def uncovered(table: Table) -> Select[Any]:
    """The rows that lie in no batch yet."""
    known = exists().where(covered.c.kind == table.name, covered.c.row_id == key(table))
    return select(*fixed(table)).where(~known)


def in_batch(table: Table, identity: str) -> Select[Any]:
    """A batch's members with their rows; where a row is gone, its columns are null."""
    return (
        select(covered.c.row_id, covered.c.digest.label("vouched"), *fixed(table))
        .outerjoin(table, key(table) == covered.c.row_id)
        .where(and_(covered.c.kind == table.name, covered.c.batch_id == identity))
    )


def digest(table: Table, row: Mapping[Any, Any]) -> bytes:
    """What a batch says of one row."""
    return chain.row_digest(str(table.name), {one.name: row[one.name] for one in fixed(table)})


def _cover(store: Store, table: Table, at_ms: int) -> int:
    with store.read() as db:
        rows = db.execute(uncovered(table).limit(SLICE)).mappings().all()
    if rows:
        members = [(bytes(row[key(table).name]), digest(table, row)) for row in rows]
        with store.write() as db:
            _write(db, str(table.name), members, at_ms)
    return len(rows)


def _write(db: Connection, kind: str, found: list[tuple[bytes, bytes]], at_ms: int) -> None:
    """Without what somebody else, a command beside the server, has covered since it was read."""
    entries.lock(db)
    ids = [one for one, _digest in found]
    query = select(covered.c.row_id).where(covered.c.kind == kind, covered.c.row_id.in_(ids))
    taken = set(db.execute(query).scalars())
    members = [member for member in found if member[0] not in taken]
    if not members:
        return
    identity = new_id()
    row = {
        "id": identity,
        "kind": kind,
        "size": len(members),
        "digest": chain.batch_digest(members),
        "at_ms": at_ms,
    }
    entries.add(db, batch, row, author=AUTHOR, at_ms=at_ms)
    rows = [
        {"kind": kind, "row_id": one, "batch_id": identity, "digest": digest}
        for one, digest in members
    ]
    db.execute(insert(covered), rows)
