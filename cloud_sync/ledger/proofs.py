"""Proves chosen rows of the ledger to somebody who has only a signed checkpoint.

A row with an entry is proven by its canonical record; one that a hub sent by its batch, whose own
row has an entry. The checkpoint is the first that signs them all, or the first of these that has a
time stamp: the same facts give the same proof, however far the ledger has grown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, exists, select

from cloud_sync.ledger import batches, chain
from cloud_sync.ledger.entries import row_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import batch, checkpoint, covered, entry, time_token

_MANY = 500  # ids in one query: SQLite and PostgreSQL both bound the parameters
_LEAVES = 10_000  # read at a time

Rows = Sequence[Mapping[Any, Any]]


class Unsigned(Refused):
    """No checkpoint signs these rows yet."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A time stamp over the checkpoint, and the certificates that the practice trusts for it."""

    authority: str
    token: bytes
    trusted: str


@dataclass(frozen=True, kw_only=True)
class Proof:
    """`records` by number in the ledger; `batches` as the packet's `ledger/batches.jsonl`."""

    note: str
    size: int
    hashes: list[bytes]
    records: dict[int, bytes]
    batches: list[dict[str, Any]]
    tokens: list[Token]


def prove(db: Connection, chained: Mapping[Table, Rows], sent: Mapping[Table, Rows]) -> Proof:
    """Of these rows, whole as their tables have them. Unsigned where no checkpoint has them yet."""
    members = {table: _covered(db, table, rows) for table, rows in sent.items()}
    named = {one["batch_id"] for found in members.values() for one in found}
    held = _by_id(db, batch, sorted(named))
    holding = {row["id"]: bytes(row["digest"]) for row in held}
    wanted = {batch: held, **chained}
    records = {
        seq: record for table, rows in wanted.items() for seq, record in _records(db, table, rows)
    }
    signed = _signed(db, max(records))
    leaves = select(entry.c.leaf).where(entry.c.seq <= signed["size"]).order_by(entry.c.seq)
    places = [seq - 1 for seq in sorted(records)]
    with db.execute(leaves.execution_options(yield_per=_LEAVES)) as read:
        hashes = chain.proof(iter(read.scalars()), signed["size"], places)
    return Proof(
        note=signed["note"],
        size=signed["size"],
        hashes=hashes,
        records=dict(sorted(records.items())),
        batches=[
            one
            for table, rows in sent.items()
            for one in _batches(db, table, rows, members[table], holding)
        ],
        tokens=_tokens(db, signed["size"]),
    )


def _covered(db: Connection, table: Table, rows: Rows) -> list[RowMapping]:
    """Which batch each row lies in."""
    ids = [row[batches.key(table).name] for row in rows]
    found: list[RowMapping] = []
    for some in _slices(ids):
        query = select(covered).where(covered.c.kind == table.name, covered.c.row_id.in_(some))
        found += db.execute(query).mappings()
    if len(found) != len(set(ids)):
        raise Unsigned(_UNSIGNED)
    return found


_UNSIGNED = "Some of it is not signed yet: run `vitals-clinic checkpoint` first."


def _by_id(db: Connection, table: Table, ids: Sequence[str]) -> list[RowMapping]:
    return [
        row
        for some in _slices(ids)
        for row in db.execute(select(table).where(table.c.id.in_(some))).mappings()
    ]


def _records(db: Connection, table: Table, rows: Rows) -> Iterable[tuple[int, bytes]]:
    """The canonical record of each row's entry, with its number."""
    by_id = {row_id(table, row): row for row in rows}
    for some in _slices(sorted(by_id)):
        query = select(entry).where(entry.c.kind == table.name, entry.c.row_id.in_(some))
        found = db.execute(query).mappings().all()
        assert len(found) == len(some), f"each row of {table.name} has its entry"
        for one in found:
            yield (
                one["seq"],
                chain.record(
                    seq=one["seq"],
                    kind=one["kind"],
                    row_id=one["row_id"],
                    author=one["author"],
                    at_ms=one["at_ms"],
                    row=by_id[one["row_id"]],
                ),
            )


def _signed(db: Connection, longest: int) -> RowMapping:
    covering = select(checkpoint).where(checkpoint.c.size >= longest).order_by(checkpoint.c.size)
    stamped = covering.where(exists().where(time_token.c.size == checkpoint.c.size))
    found = _first(db, stamped) or _first(db, covering)
    if found is None:
        raise Unsigned(_UNSIGNED)
    return found


def _first(db: Connection, query: Select[Any]) -> RowMapping | None:
    return db.execute(query.limit(1)).mappings().first()


def _batches(
    db: Connection,
    table: Table,
    rows: Rows,
    members: Iterable[RowMapping],
    holding: Mapping[str, bytes],
) -> Iterable[dict[str, Any]]:
    """Each batch that holds some of the rows, with a proof in its own tree."""
    key = batches.key(table).name
    by_id = {bytes(row[key]): row for row in rows}
    chosen: dict[str, set[bytes]] = defaultdict(set)
    for one in members:
        chosen[one["batch_id"]].add(bytes(one["row_id"]))
    for identity in sorted(chosen):
        query = select(covered.c.row_id, covered.c.digest).where(covered.c.batch_id == identity)
        listed = sorted((bytes(one.row_id), bytes(one.digest)) for one in db.execute(query))
        places = [at for at, (one, _digest) in enumerate(listed) if one in chosen[identity]]
        leaves = chain.batch_leaves(listed)
        fixed = [column.name for column in batches.fixed(table)]
        made: dict[str, Any] = {
            "batch": identity,
            "kind": str(table.name),
            "size": len(listed),
            "places": places,
            "rows": [
                chain.plain_row({name: by_id[listed[at][0]][name] for name in fixed})
                for at in places
            ],
        }
        if chain.root_of(leaves) == holding[identity]:
            hashes = chain.proof(iter(leaves), len(leaves), places)
            yield made | {"hashes": [one.hex() for one in hashes]}
        else:  # of before batches were trees: its digest is over the whole list
            yield made | {"members": [one.hex() for one in leaves]}


def _tokens(db: Connection, size: int) -> list[Token]:
    rows = db.execute(
        select(time_token).where(time_token.c.size == size).order_by(time_token.c.digest)
    ).mappings()
    return [
        Token(authority=row["authority"], token=bytes(row["token"]), trusted=row["trusted"])
        for row in rows
    ]


def _slices(ids: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(ids), _MANY):
        yield ids[start : start + _MANY]
