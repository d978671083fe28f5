"""Checkpoints of the chain: its size and root, signed by a key that only the caller has."""

from collections.abc import Callable

from sqlalchemy import Connection, RowMapping, insert, select

from cloud_sync.ledger import batches, entries
from cloud_sync.ledger.chain import Tree
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import checkpoint, entry

Sign = Callable[[int, bytes, int], str]  # size, root, time in ms: the signed note


def take(store: Store, sign: Sign, at_ms: int) -> str | None:
    """The note for the chain as it stands; the latest one if nothing was added, None if empty."""
    batches.cover_all(store, at_ms)
    with store.write() as db:
        entries.lock(db)
        last = _latest(db)
        tree = Tree() if last is None else Tree(last["size"], last["frontier"])
        added = select(entry.c.leaf).where(entry.c.seq > tree.size).order_by(entry.c.seq)
        for leaf in db.execute(added).scalars():
            tree.push(leaf)
        if tree.size == 0 or (last is not None and tree.size == last["size"]):
            return None if last is None else str(last["note"])
        note = sign(tree.size, tree.root(), at_ms)
        row = {"size": tree.size, "at_ms": at_ms, "frontier": tree.frontier, "note": note}
        db.execute(insert(checkpoint).values(row))
    return note


def notes(db: Connection) -> list[str]:
    """Every note that was signed, oldest first."""
    return list(db.execute(select(checkpoint.c.note).order_by(checkpoint.c.size)).scalars())


def _latest(db: Connection) -> RowMapping | None:
    rows = db.execute(select(checkpoint).order_by(checkpoint.c.size.desc()).limit(1))
    return rows.mappings().first()
