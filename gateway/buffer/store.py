"""`sealed.db`: every envelope from its sealing until the clinic's receipt, and 30 days beyond.

The database itself refuses to delete what has no receipt and to change what was sealed.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from enum import IntEnum
from pathlib import Path

import msgspec
from sqlite_utils import Database, Migrations

from cloud_sync.contract.receipt import Receipt, Receipted
from gateway.buffer.database import Writer

_PURGE_ROWS = 100  # a short journal, so that a nearly full disk can still drain
_RATE_ROWS = 200  # newest envelopes that the daily rate is measured over
migrations = Migrations("sealed")


class Status(IntEnum):
    """Where an envelope stands."""

    HELD = 0
    RECEIVED = 1
    REFUSED = 2


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """The buffer in numbers, without a scan of it."""

    epoch: int
    last_seq: int
    held: int
    received: int
    refused: int
    oldest_held_ms: int | None
    newest_commit_ms: int | None  # clinic's clock, from the newest receipt
    settled: int  # last row of receipts.db that has been applied
    receipts_file: str  # which receipts.db that was
    free_bytes: int  # pages of the file that new rows can use


@migrations()
def first_schema(db: Database) -> None:
    """Tables, the order of sending, and what the database refuses."""
    for statement in _FIRST_SCHEMA:
        db.execute(statement)


_FIRST_SCHEMA = (
    """CREATE TABLE account (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        epoch INTEGER NOT NULL,
        last_seq INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
        received INTEGER NOT NULL DEFAULT 0 CHECK (received >= 0),
        refused INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0),
        newest_commit_ms INTEGER,
        settled INTEGER NOT NULL DEFAULT 0,
        receipts_file TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    """CREATE TABLE envelope (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL CHECK (length(id) = 32),
        kept_at_ms INTEGER NOT NULL,
        status INTEGER NOT NULL DEFAULT 0 CHECK (status IN (0, 1, 2)),
        reason INTEGER NOT NULL DEFAULT 0,
        committed_at_ms INTEGER,
        raw BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX envelope_held ON envelope (seq) WHERE status = 0",
    "CREATE INDEX envelope_received ON envelope (committed_at_ms) WHERE status = 1",
    """CREATE TABLE status (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        document BLOB NOT NULL
    ) STRICT""",
    """CREATE TRIGGER envelope_kept BEFORE DELETE ON envelope WHEN OLD.status <> 1
    BEGIN SELECT RAISE(ABORT, 'only a received envelope may be deleted'); END""",
    """CREATE TRIGGER envelope_unchanged BEFORE UPDATE OF seq, id, raw, kept_at_ms ON envelope
    BEGIN SELECT RAISE(ABORT, 'a sealed envelope never changes'); END""",
    """CREATE TRIGGER envelope_received_stays BEFORE UPDATE OF status ON envelope
    WHEN OLD.status = 1 BEGIN SELECT RAISE(ABORT, 'received stays received'); END""",
)


class SealedStore:
    """The collector's writing side of `sealed.db`."""

    def __init__(self, path: Path, *, new_epoch: int) -> None:
        """Opens or creates; `new_epoch` (random, 32 bits) is used at creation only."""
        self._writer = Writer(path, migrations)
        with self._writer.transaction() as db:
            db.execute("INSERT OR IGNORE INTO account (one, epoch) VALUES (1, ?)", (new_epoch,))

    def add(self, seal: Callable[[int, int], bytes], *, kept_at_ms: int) -> int:
        """Seal under the next number and commit. Returns the number; DiskFull leaves no gap.

        `seal` gets epoch and seq; number and row are one transaction.
        """
        with self._writer.transaction() as db:
            epoch, last_seq = db.execute("SELECT epoch, last_seq FROM account").fetchone()
            seq: int = last_seq + 1
            raw = seal(epoch, seq)
            db.execute(
                "INSERT INTO envelope (seq, id, raw, kept_at_ms) VALUES (?, ?, ?, ?)",
                (seq, hashlib.sha256(raw).digest(), raw, kept_at_ms),
            )
            db.execute("UPDATE account SET last_seq = ?, held = held + 1", (seq,))
        return seq

    def settle(self, receipts: Iterable[Receipt], *, file: str, row: int) -> int:
        """Apply verified receipts and remember how far; returns how many were newly received."""
        fresh = 0
        with self._writer.transaction() as db:
            (epoch,) = db.execute("SELECT epoch FROM account").fetchone()
            for receipt in receipts:
                if receipt.epoch == epoch:
                    fresh += sum(_apply(db, receipt, entry) for entry in receipt.entries)
            db.execute("UPDATE account SET receipts_file = ?, settled = ?", (file, row))
        return fresh

    def purge(self, *, committed_before_ms: int | None = None) -> int:
        """Forget received envelopes, all or those committed before; returns how many went."""
        gone = 0
        while chunk := self._purge_some(committed_before_ms):
            gone += chunk
        return gone

    def _purge_some(self, before_ms: int | None) -> int:
        limit = before_ms if before_ms is not None else 2**63 - 1
        query = (
            "DELETE FROM envelope WHERE seq IN (SELECT seq FROM envelope"
            " WHERE status = 1 AND committed_at_ms < ? LIMIT ?)"
        )
        if not self._writer.read(lambda db: _any_received_before(db, limit)):
            return 0  # the usual case costs no write
        with self._writer.transaction() as db:
            gone = db.execute(query, (limit, _PURGE_ROWS)).rowcount
            db.execute("UPDATE account SET received = received - ?", (gone,))
        return gone

    def write_status(self, document: bytes) -> None:
        """Put the signed state where the uplink finds it."""
        with self._writer.transaction() as db:
            db.execute("INSERT OR REPLACE INTO status (one, document) VALUES (1, ?)", (document,))

    def status_of(self, seq: int) -> Status | None:
        """Where this envelope stands; None where it is not, or no longer, here."""

        def look(db: sqlite3.Connection) -> Status | None:
            row = db.execute("SELECT status FROM envelope WHERE seq = ?", (seq,)).fetchone()
            return Status(row[0]) if row else None

        return self._writer.read(look)

    def free_bytes(self) -> int:
        """Pages of the file that new rows can use."""
        return self._writer.read(_free_bytes)

    def daily(self) -> float:
        """Envelopes a day, lately."""
        return self._writer.read(read_daily)

    def counters(self) -> Counters:
        return self._writer.read(read_counters)

    def close(self) -> None:
        self._writer.close()


def read_counters(db: sqlite3.Connection) -> Counters:
    """The numbers, for the owner and for readers alike."""
    row = db.execute(
        "SELECT epoch, last_seq, held, received, refused, newest_commit_ms, settled,"
        " receipts_file FROM account"
    ).fetchone()
    epoch, last_seq, held, received, refused, newest_commit_ms, settled, receipts_file = row
    oldest = db.execute(
        "SELECT kept_at_ms FROM envelope WHERE status = 0 ORDER BY seq LIMIT 1"
    ).fetchone()
    return Counters(
        epoch=epoch,
        last_seq=last_seq,
        held=held,
        received=received,
        refused=refused,
        oldest_held_ms=oldest[0] if oldest else None,
        newest_commit_ms=newest_commit_ms,
        settled=settled,
        receipts_file=receipts_file,
        free_bytes=_free_bytes(db),
    )


def _apply(db: sqlite3.Connection, receipt: Receipt, entry: Receipted) -> int:
    """One entry: 1 where an envelope is newly received. Number and hash must both match."""
    found = db.execute(
        "SELECT status FROM envelope WHERE seq = ? AND id = ?", (entry.seq, entry.envelope_id)
    ).fetchone()
    if found is None:
        return 0
    before = Status(found[0])
    after = Status.RECEIVED if entry.held_by_clinic else Status.REFUSED
    if before in {after, Status.RECEIVED}:
        return 0
    db.execute(
        "UPDATE envelope SET status = ?, reason = ?, committed_at_ms = ? WHERE seq = ?",
        (after, entry.reason, receipt.committed_at_ms, entry.seq),
    )
    db.execute(
        "UPDATE account SET held = held + ?, received = received + ?, refused = refused + ?,"
        " newest_commit_ms = max(coalesce(newest_commit_ms, 0), ?)",
        (
            -(before is Status.HELD),
            after is Status.RECEIVED,
            (after is Status.REFUSED) - (before is Status.REFUSED),
            receipt.committed_at_ms,
        ),
    )
    return int(after is Status.RECEIVED)


def _any_received_before(db: sqlite3.Connection, limit_ms: int) -> bool:
    query = "SELECT 1 FROM envelope WHERE status = 1 AND committed_at_ms < ? LIMIT 1"
    return db.execute(query, (limit_ms,)).fetchone() is not None


def _free_bytes(db: sqlite3.Connection) -> int:
    (pages,) = db.execute("PRAGMA freelist_count").fetchone()
    (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
    return int(pages * page_bytes)


def read_daily(db: sqlite3.Connection) -> float:
    """Envelopes a day over the newest rows; 0 where there are too few to say."""
    query = "SELECT kept_at_ms FROM envelope ORDER BY seq DESC LIMIT ?"
    times = [at_ms for (at_ms,) in db.execute(query, (_RATE_ROWS,)).fetchall()]
    days = (max(times) - min(times)) / 86_400_000 if times else 0
    return len(times) / days if days >= 1 else 0
