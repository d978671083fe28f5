"""The one door to the chained tables: a row and its entry are written in the same transaction.

On PostgreSQL an advisory lock on the chain's end is held until the commit; SQLite has one writer.
Who else locks what, and in which order: `locks`.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from cloud_sync.ledger import chain, sealing, touched, vault
from cloud_sync.ledger.chain import Head
from cloud_sync.ledger.tables import CHAINED, entry

_LOCK = 0x76_69_74_63  # any number that this program alone uses for this purpose
# Which column says who and when, for rows that were there before the chain.
_AUTHORS = {"care_time": "staff_id", "read_log": "staff_id", "attestation": "staff_id"}
_TIMES = {
    "patient": "created_at_ms",
    "care_time": "entered_at_ms",
    "care_time_void": "voided_at_ms",
    "read_log": "at_ms",
    "month_snapshot": "made_at_ms",
    "attestation": "signed_at_ms",
    "attestation_void": "voided_at_ms",
    "release": "released_at_ms",
    "release_void": "voided_at_ms",
    "batch": "at_ms",
    "erasure": "erased_at_ms",
    "legal_hold": "placed_at_ms",
    "legal_hold_lift": "lifted_at_ms",
    "time_import": "imported_at_ms",
    "alert": "raised_at_ms",
    "hub_key": "enrolled_at_ms",
    "account_opening": "opened_at_ms",
    "device_registration": "registered_at_ms",
}


def add(
    db: Connection, table: Table, values: Mapping[str, Any], *, author: str, at_ms: int
) -> None:
    """Record one fact: `values` names every column that is not null, or made by the database."""
    add_all(db, table, [values], author=author, at_ms=at_ms)


def add_all(
    db: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    author: str,
    at_ms: int,
) -> None:
    """Record facts of one table, in this order; of several, each names the same columns."""
    lock(db)
    made = [sealing.salted(db, table, dict(row)) for row in rows]
    stored = sealing.sealed(db, table, made)
    names = table.primary_key.columns.keys()
    if len(made) > 1 and all(name in row for row in made for name in names):
        db.execute(insert(table), stored)
    else:
        for row, cells in zip(made, stored, strict=True):
            key = db.execute(insert(table).values(cells)).inserted_primary_key
            assert key is not None, "an insert of one row gives its key"
            row |= dict(zip(names, key, strict=True))
    for row in made:
        touched.by_row(db, table, row)
    _append(db, table, [(row, author, at_ms) for row in made])


def lock(db: Connection) -> None:
    """Nobody else appends, and nothing is erased, until this transaction ends."""
    vault.share(db)  # before, as an erasure does: it is sealed with this lock held
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def head(db: Connection) -> Head:
    """The end of the chain."""
    row = db.execute(select(entry.c.seq, entry.c.hash).order_by(entry.c.seq.desc()).limit(1))
    found = row.first()
    return chain.START if found is None else Head(size=found.seq, hash=found.hash)


def row_id(table: Table, row: Mapping[Any, Any]) -> str:
    """The row's primary key as an entry names it."""
    keys = [row[name] for name in table.primary_key.columns.keys()]  # noqa: SIM118  not a dict
    return ":".join(key.hex() if isinstance(key, bytes) else str(key) for key in keys)


def adopt(db: Connection) -> None:
    """Give the rows of an older clinic their entries, once: while the chain is empty."""
    lock(db)
    if head(db).size:
        return
    for table in CHAINED:
        author = table.c.get(_AUTHORS.get(table.name, "author"))
        at_ms = table.c.get(_TIMES.get(table.name, "recorded_at_ms"))
        order = [*([] if at_ms is None else [at_ms]), *table.primary_key.columns]
        rows = db.execute(select(table).order_by(*order)).mappings()
        who = "" if author is None else author.name
        when = "" if at_ms is None else at_ms.name
        _append(
            db,
            table,
            ((dict(row), row[who] if who else "", row[when] if when else 0) for row in rows),
        )


def _append(
    db: Connection, table: Table, rows: Iterable[tuple[Mapping[str, Any], str, int]]
) -> None:
    end, made = head(db), []
    for row, author, at_ms in rows:
        seq, identity = end.size + 1, row_id(table, row)
        record = chain.record(
            seq=seq, kind=str(table.name), row_id=identity, author=author, at_ms=at_ms, row=row
        )
        leaf = sha256(record).digest()
        following = chain.link(end.hash, leaf)
        made.append(
            {
                "seq": seq,
                "kind": str(table.name),
                "row_id": identity,
                "author": author,
                "at_ms": at_ms,
                "leaf": leaf,
                "prev": end.hash,
                "hash": following,
            }
        )
        end = Head(size=seq, hash=following)
    if made:
        db.execute(insert(entry), made)
