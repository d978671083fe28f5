"""The uplink's view of `sealed.db`: read-only, short, and patient where the collector is away."""

import sqlite3
from pathlib import Path

import msgspec

from gateway.buffer.database import OwnerDown, read
from gateway.buffer.store import Counters, Status, read_counters, read_daily


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed envelope without a receipt."""

    seq: int
    id: bytes
    raw: bytes


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One look: the numbers, the signed state document, and held envelopes in order."""

    counters: Counters
    daily: float  # envelopes a day lately; 0 unless asked for
    document: bytes | None
    held: tuple[Held, ...]


def look(path: Path, *, after_seq: int = 0, limit: int = 0, rate: bool = False) -> View | OwnerDown:
    """What `sealed.db` holds now; of the held envelopes at most `limit` after `after_seq`."""

    def query(db: sqlite3.Connection) -> View:
        document = db.execute("SELECT document FROM status").fetchone()
        rows = db.execute(
            "SELECT seq, id, raw FROM envelope WHERE status = ? AND seq > ? ORDER BY seq LIMIT ?",
            (int(Status.HELD), after_seq, limit),
        ).fetchall()
        return View(
            counters=read_counters(db),
            daily=read_daily(db) if rate else 0,
            document=bytes(document[0]) if document else None,
            held=tuple(Held(seq=seq, id=identity, raw=raw) for seq, identity, raw in rows),
        )

    return read(path, query)
