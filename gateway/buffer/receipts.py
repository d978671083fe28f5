"""`receipts.db`: signed receipts as they came, written by the uplink, read by the collector.

Kept raw, so that the collector checks each signature itself: a broken uplink can delete nothing.
"""

import sqlite3
from pathlib import Path

import msgspec
from sqlite_utils import Database, Migrations

from gateway.buffer.database import DiskFull, OwnerDown, StoreFailed, Writer, read

_BATCH = 5  # receipts a transaction: a short journal, so that a nearly full disk can drain
_SPARE_ROWS = 1000  # settled receipts that stay for a look back
migrations = Migrations("receipts")


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What the uplink last knew of its connection."""

    connected: bool
    since_ms: int
    trouble: str = ""  # what a person must act on, in words
    reason: str = ""  # why nothing goes just now; passes by itself


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """Receipts not yet applied, with the row each came from; `file` names the database."""

    file: str
    rows: tuple[tuple[int, bytes], ...]


@migrations()
def first_schema(db: Database) -> None:
    """Receipts, the link, and a random name that tells a re-made file from the old one."""
    db.execute("CREATE TABLE receipt (row INTEGER PRIMARY KEY AUTOINCREMENT, raw BLOB NOT NULL)")
    db.execute("CREATE TABLE link (one INTEGER PRIMARY KEY CHECK (one = 1), document BLOB)")
    db.execute("CREATE TABLE file (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL)")
    db.execute("INSERT INTO file VALUES (1, lower(hex(randomblob(8))))")


class ReceiptStore:
    """The uplink's writing side."""

    def __init__(self, path: Path) -> None:
        self._writer = Writer(path, migrations)

    def add(self, raw: bytes) -> None:
        """Keep a verified receipt; durable on return."""
        self._write("INSERT INTO receipt (raw) VALUES (?)", (raw,))

    def note_link(self, link: Link) -> None:
        """Say how the connection is, for `vitals-hub status`."""
        self._write("INSERT OR REPLACE INTO link VALUES (1, ?)", (msgspec.json.encode(link),))

    def drop_settled(self, *, file: str, settled: int) -> None:
        """Forget receipts that the collector has long applied."""
        if self._writer.read(_file_name) != file:
            return
        self._write("DELETE FROM receipt WHERE row <= ?", (settled - _SPARE_ROWS,))

    def close(self) -> None:
        self._writer.close()

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        """One durable change. On a full disk the process ends: the clinic is asked again later."""
        try:
            with self._writer.transaction() as db:
                db.execute(statement, values)
        except DiskFull as error:
            raise StoreFailed("the disk is full: no receipt can be kept") from error


def pending(path: Path, *, file: str, settled: int) -> Pending | OwnerDown:
    """Receipts after row `settled` of that file, or from the start of a re-made one."""

    def look(db: sqlite3.Connection) -> Pending:
        name = _file_name(db)
        after = settled if name == file else 0
        query = "SELECT row, raw FROM receipt WHERE row > ? ORDER BY row LIMIT ?"
        return Pending(file=name, rows=tuple(db.execute(query, (after, _BATCH)).fetchall()))

    return read(path, look)


def read_link(path: Path) -> Link | OwnerDown | None:
    """The connection as last noted; None where nothing was."""

    def look(db: sqlite3.Connection) -> Link | None:
        row = db.execute("SELECT document FROM link").fetchone()
        return msgspec.json.decode(row[0], type=Link) if row else None

    return read(path, look)


def _file_name(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT name FROM file").fetchone()[0])
