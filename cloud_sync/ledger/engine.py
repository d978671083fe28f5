"""Opens the clinic's database, SQLite or PostgreSQL, the same way everywhere.

SQLite: WAL, `synchronous=FULL`, one writing connection, readers `mode=ro`, because two writers can
meet the WAL-reset bug of versions before 3.51.3.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite

from cloud_sync.ledger import sealing
from cloud_sync.ledger.vault import ClinicKeys, Vault

BUSY_TIMEOUT_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class Store:
    """A database: one way to write, one way to read."""

    writer: Engine
    reader: Engine
    keys: Engine  # reads data keys while a reader waits for them: never from the same pool

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, or rolled back as a whole."""
        with self.writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view that cannot change anything."""
        with self.reader.connect() as connection:
            yield connection

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that knows ON CONFLICT, in the dialect of this database."""
        if self.writer.dialect.name == "sqlite":
            return sqlite.insert(table)
        return postgresql.insert(table)

    def truncate_log(self) -> None:
        """Bring SQLite's log into its file and empty it: overwritten rows lie there no longer."""
        if self.writer.dialect.name == "sqlite":
            raw = self.writer.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                raw.close()

    def close(self) -> None:
        """Let go of every connection."""
        self.writer.dispose()
        self.reader.dispose()
        self.keys.dispose()


def open_store(url: str, *, visitor: bool = False, keys: ClinicKeys | None = None) -> Store:
    """Open `sqlite:////path/clinic.db` or `postgresql+psycopg://...`.

    A `visitor` writes a few rows beside the server that owns a SQLite file, and never checkpoints.
    With the clinic's `keys` personal content is sealed at rest; without them it is written as it is
    and what is sealed cannot be read.
    """
    store = _opened(url, visitor=visitor)
    if keys is not None:
        vault = Vault(keys, store.keys)
        for engine in (store.writer, store.reader):
            sealing.use(engine.dialect, vault)
    return store


def _opened(url: str, *, visitor: bool) -> Store:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        store = _open_sqlite(parsed.database or "")
        if visitor:
            event.listen(store.writer, "connect", _leave_checkpoints)
        return store
    engine = create_engine(parsed, pool_size=4, max_overflow=4)
    reader = engine.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
    keys = create_engine(parsed, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT")
    return Store(writer=engine, reader=reader, keys=keys)


def _open_sqlite(path: str) -> Store:
    database = URL.create("sqlite", database=path)
    writer = create_engine(database, pool_size=1, max_overflow=0, pool_timeout=60)
    event.listen(writer, "connect", _prepare_writer)
    event.listen(writer, "begin", _begin_immediate)
    read_only = URL.create(
        "sqlite", database=f"file:{quote(path)}", query={"mode": "ro", "uri": "true"}
    )
    reader = create_engine(read_only, pool_size=4, max_overflow=4)
    keys = create_engine(read_only, pool_size=1, max_overflow=0)
    for one in (reader, keys):
        event.listen(one, "connect", _prepare_reader)
        event.listen(one, "begin", _begin_deferred)
    return Store(writer=writer, reader=reader, keys=keys)


def _prepare_writer(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    connection.isolation_level = None  # SQLAlchemy's begin event decides, not the driver
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # Without it INSERT OR REPLACE would delete a fact behind its trigger's back.
    connection.execute("PRAGMA recursive_triggers=ON")
    # A destroyed key is overwritten, not only forgotten.
    connection.execute("PRAGMA secure_delete=ON")


def _leave_checkpoints(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    connection.execute("PRAGMA wal_autocheckpoint=0")


def _prepare_reader(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
