"""Computes the whole chain again and names the first row that does not fit."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, func, select

from cloud_sync.ledger import batches, cells, chain, registrations, sealing
from cloud_sync.ledger.chain import Tree
from cloud_sync.ledger.entries import row_id
from cloud_sync.ledger.tables import CHAINED, batch, covered, entry, envelope, erased

_SLICE = 500
_KEYLESS = "its key is gone, and no erasure on record destroyed it"
_TABLES = {str(table.name): table for table in CHAINED}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """The first thing that does not fit; `what` names it."""

    what: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Sound:
    """Everything fits: so many entries, so many rows in batches, signed up to here."""

    entries: int
    in_batches: int
    waiting: int  # rows of hubs that no batch covers yet
    signed: int
    erased: int = 0  # entries whose row went with a key that an erasure on record destroyed


def verify(db: Connection, signed: Mapping[int, bytes]) -> Sound | Fault:
    """Against the roots by size of every checkpoint whose signature the caller has checked."""
    destroyed = set(db.execute(select(erased.c.key_id)).scalars())
    sealing.prepare_patients(db)
    walk = _Walk(signed, destroyed)
    for rows in _slices(db):
        fault = walk.follow(db, rows)
        if fault is not None:
            return fault
    longest = max(signed, default=0)
    if longest > walk.tree.size:
        return Fault(
            what=f"entry {walk.tree.size + 1}",
            words=f"the tail was cut: {longest} entries were signed, {walk.tree.size} are there",
        )
    fault = _not_entered(db, walk.kinds) or _registered(db) or _batches(db, destroyed)
    if fault is not None:
        return fault
    return Sound(
        entries=walk.tree.size,
        in_batches=_count(db, covered),
        waiting=sum(
            db.scalar(select(func.count()).select_from(batches.uncovered(table).subquery())) or 0
            for table in batches.TABLES.values()
        ),
        signed=longest,
        erased=walk.erased,
    )


class _Walk:
    """Along the entries, from the first."""

    def __init__(self, signed: Mapping[int, bytes], destroyed: set[str]) -> None:
        self.erased = 0
        self._destroyed = destroyed
        self.tree = Tree()
        self.kinds: Counter[str] = Counter()
        self._signed = signed
        self._prev = chain.FIRST_PREV
        self._seen: set[tuple[str, str]] = set()

    def follow(self, db: Connection, rows: list[RowMapping]) -> Fault | None:
        facts = _facts(db, rows)
        for row in rows:
            fault = self._step(row, facts.get((row["kind"], row["row_id"])))
            if fault is not None:
                return fault
        return None

    def _step(self, row: RowMapping, fact: Mapping[Any, Any] | None) -> Fault | None:
        seq, named = self.tree.size + 1, (row["kind"], row["row_id"])
        if row["seq"] != seq:
            return Fault(what=f"entry {seq}", words="it is missing from the chain")
        what = f"entry {seq} ({row['kind']} {row['row_id']})"
        if fact is None:
            return Fault(what=what, words="the row it vouches for was deleted")
        if named in self._seen:
            return Fault(what=what, words="the row has an entry already: this one was inserted")
        gone = cells.erased_keys(fact)
        if not gone <= self._destroyed:
            return Fault(what=what, words=_KEYLESS)
        self.erased += bool(gone)
        if not gone and _leaf(seq, row, fact) != row["leaf"]:
            return Fault(what=what, words="the row or its entry was altered")
        if row["prev"] != self._prev or chain.link(self._prev, row["leaf"]) != row["hash"]:
            return Fault(what=what, words="it does not follow the entry before it")
        self._prev = row["hash"]
        self._seen.add(named)
        self.kinds[row["kind"]] += 1
        self.tree.push(row["leaf"])
        if seq in self._signed and self.tree.root() != self._signed[seq]:
            return Fault(what=f"entries 1 to {seq}", words="they are not those that were signed")
        return None


def _leaf(seq: int, row: RowMapping, fact: Mapping[Any, Any]) -> bytes:
    record = chain.record(
        seq=seq,
        kind=row["kind"],
        row_id=row["row_id"],
        author=row["author"],
        at_ms=row["at_ms"],
        row=fact,
    )
    return sha256(record).digest()


def _slices(db: Connection) -> Iterator[list[RowMapping]]:
    last = None
    while True:
        query = select(entry).order_by(entry.c.seq).limit(_SLICE)
        if last is not None:
            query = query.where(entry.c.seq > last)
        rows = list(db.execute(query).mappings())
        if not rows:
            return
        yield rows
        last = rows[-1]["seq"]


def _facts(db: Connection, rows: list[RowMapping]) -> dict[tuple[str, str], Mapping[Any, Any]]:
    """The rows that these entries name."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        wanted[row["kind"]].add(row["row_id"])
    found: dict[tuple[str, str], Mapping[Any, Any]] = {}
    for kind, ids in wanted.items():
        table = _TABLES.get(kind)
        if table is None:
            continue
        first, *more = table.primary_key.columns
        keys: set[Any] = set(ids)
        if kind == "read_log":  # numbers were written as text; what is no number names no row
            keys = {int(one) for one in ids if one.isdigit()}
        elif more:  # an id that stands alone may have a colon: a device's has
            keys = {one.split(":")[0] for one in ids}
        for fact in db.execute(select(table).where(first.in_(keys))).mappings():
            found[kind, row_id(table, fact)] = fact
    return found


def _not_entered(db: Connection, kinds: Counter[str]) -> Fault | None:
    """Every entry has its row by now, so a row too many has none."""
    for kind, table in _TABLES.items():
        if _count(db, table) == kinds[kind]:
            continue
        known = set(db.execute(select(entry.c.row_id).where(entry.c.kind == kind)).scalars())
        for row in db.execute(select(table).order_by(*table.primary_key.columns)).mappings():
            if row_id(table, row) not in known:
                return Fault(what=f"{kind} {row_id(table, row)}", words="it was inserted")
    return None


def _registered(db: Connection) -> Fault | None:
    """Accounts and devices are what their own rows in the chain, which fit by now, say."""
    found = registrations.difference(db)
    return None if found is None else Fault(what=found.what, words=found.words)


def _batches(db: Connection, destroyed: set[str]) -> Fault | None:
    vouched = 0
    for one in db.execute(select(batch).order_by(batch.c.at_ms, batch.c.id)).mappings().all():
        table = batches.TABLES[one["kind"]]
        members = db.execute(batches.in_batch(table, one["id"])).mappings().all()
        listed = [(row["row_id"], row["vouched"]) for row in members]
        if len(listed) != one["size"] or not chain.is_batch(one["digest"], listed):
            return Fault(what=f"batch {one['id']}", words="its list of rows was altered")
        for row in members:
            what = f"{one['kind']} {row['row_id'].hex()}"
            if row[batches.key(table).name] is None:
                return Fault(what=what, words="it was deleted")
            gone = cells.erased_keys(row)
            if not gone <= destroyed:
                return Fault(what=what, words=_KEYLESS)
            if not gone and batches.digest(table, row) != row["vouched"]:
                return Fault(what=what, words="it was altered")
        vouched += len(listed)
    if vouched != _count(db, covered):
        return Fault(what="covered", words="it lists a row that no batch vouches for")
    return _bodies(db, destroyed)


def _bodies(db: Connection, destroyed: set[str]) -> Fault | None:
    for row in db.execute(select(envelope.c.id, envelope.c.body)).yield_per(_SLICE):
        gone = cells.erased_keys(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name
        if not gone <= destroyed:
            return Fault(what=f"envelope {row.id.hex()}", words=_KEYLESS)
        if not gone and sha256(row.body).digest() != row.id:
            return Fault(what=f"envelope {row.id.hex()}", words="its body was altered")
    return None


def _count(db: Connection, table: Table) -> int:
    return db.scalar(select(func.count()).select_from(table)) or 0
