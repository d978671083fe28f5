"""SQLite on the hub: one writing process a file, readers that come and go.

Rollback journal, because it needs no shared memory between users and stays clear of the WAL-reset
bug of SQLite before 3.51.3. `synchronous=EXTRA`, not FULL: in this journal mode FULL does not
flush the directory after the journal is unlinked, so a power cut soon after a commit can bring the
journal back and undo it (SQLite documentation, PRAGMA synchronous).
"""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlite_utils import Database, Migrations

_BUSY_SECONDS = 10  # a reader holds its lock for milliseconds; longer is a fault
_READ_SECONDS = 2
_EX_IOERR = 74  # sysexits.h
_log = logging.getLogger(__name__)
T = TypeVar("T")


class StoreFailed(SystemExit):
    """Storage can no longer be believed: the process ends and reads everything again.

    Never caught and retried: after a failed flush Linux drops the page and reports success next
    time. A SystemExit passes through event loops and through `except Exception`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(_EX_IOERR)
        self.reason = reason
        _log.critical("storage failed, ending the process: %s", reason)


class DiskFull(Exception):  # noqa: N818  reads as what it says
    """Nothing was written; try again when room has been made."""


class InUse(Exception):  # noqa: N818  reads as what it says
    """Another process already writes here; try again when it has ended."""


class OwnerDown(msgspec.Struct, frozen=True, kw_only=True):
    """The file cannot be read now: its owner has not made it, died in mid-write or is busy."""

    reason: str


class Writer:
    """The only writing connection of a database file; a lock file keeps a second one out."""

    def __init__(self, path: Path, migrations: Migrations) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        self._lock = _take_lock(path.with_suffix(".lock"))
        self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS)
        try:
            path.chmod(0o640)
            self._connection.execute("PRAGMA journal_mode = DELETE")
            self._connection.execute("PRAGMA synchronous = EXTRA")
            self._database = Database(self._connection, execute_plugins=False)
            migrations.apply(self._database)
        except sqlite3.Error as error:
            self.close()
            raise StoreFailed(_reason(error)) from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing; durable when the block has been left.

        DiskFull leaves everything as it was. Any other fault of the database ends the process.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")  # a deferred one can fail half-way
            yield self._connection
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            if _is_full(error):
                raise DiskFull from error
            raise StoreFailed(_reason(error)) from error
        except BaseException:
            self._roll_back()
            raise

    def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The owner's own look at the file."""
        try:
            return query(self._connection)
        except sqlite3.Error as error:
            raise StoreFailed(_reason(error)) from error

    def close(self) -> None:
        self._connection.close()
        os.close(self._lock)

    def _roll_back(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreFailed(_reason(error)) from error


def read(path: Path, query: Callable[[sqlite3.Connection], T]) -> T | OwnerDown:
    """One short look at another process's file: `query` must fetch all it wants.

    A reader that lingers keeps its shared lock and makes the owner's commit fail.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=_READ_SECONDS)) as connection:
            connection.execute("BEGIN")
            return query(connection)
    except sqlite3.OperationalError as error:
        # Also "attempt to write a readonly database": the owner was killed in mid-transaction
        # and only its own next start can roll the journal back.
        return OwnerDown(reason=_reason(error))


def _take_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise InUse(f"another process already writes {path.with_suffix('.db')}") from None
    return descriptor


def _is_full(error: sqlite3.Error) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_FULL


def _reason(error: sqlite3.Error) -> str:
    """SQLite's name of the fault; its text never holds values of ours."""
    return f"{getattr(error, 'sqlite_errorname', type(error).__name__)}: {error}"
