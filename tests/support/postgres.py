"""A PostgreSQL cluster for the test session, and stores of both kinds, empty for each test.

The distribution's binaries serve a Unix socket in a directory of their own; no TCP port is open.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.tables import metadata

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_numbers = count(1)


def _account() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as the distribution's own user."""
    return "postgres" if os.geteuid() == 0 else None


def _conninfo(directory: Path, database: str) -> str:
    return f"host={directory} user=vitals dbname={database}"


def _url(directory: Path, database: str) -> str:
    return f"postgresql+psycopg://vitals@/{database}?host={directory}"


def _start(directory: Path) -> subprocess.Popen[bytes]:
    binaries, data = _BINARIES[-1].parent, str(directory / "data")
    subprocess.run(
        [f"{binaries}/initdb", "-D", data, "-U", "vitals", "-A", "trust", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=directory,
        user=_account(),
        group=_account(),
    )
    options = {"listen_addresses": "", "unix_socket_directories": str(directory), "fsync": "off"}
    tied = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
    settings = [f"--{name}={value}" for name, value in options.items()]
    return subprocess.Popen(
        [*tied, f"{binaries}/postgres", "-D", data, *settings],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=directory,
        user=_account(),
        group=_account(),
    )


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    for _ in range(400):
        try:
            psycopg.connect(_conninfo(directory, "postgres")).close()
        except psycopg.OperationalError:
            assert process.poll() is None, "PostgreSQL ended while starting"
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not start")


@pytest.fixture(scope="session")
def postgres_directory() -> Iterator[Path]:
    """A running cluster with an upgraded database `shared`; its socket's directory."""
    if not _BINARIES:
        pytest.skip("the PostgreSQL server is not installed: apt-get install postgresql")
    directory = Path(tempfile.mkdtemp(prefix="vitals-pg-"))
    if account := _account():
        entry = pwd.getpwnam(account)
        os.chown(directory, entry.pw_uid, entry.pw_gid)
    process = _start(directory)
    try:
        _wait(process, directory)
        _execute(directory, "create database shared")
        store = open_store(_url(directory, "shared"))
        upgrade(store)
        store.close()
        yield directory
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        process.wait(20)
        shutil.rmtree(directory)


def _execute(directory: Path, statement: str, database: str = "postgres") -> None:
    with psycopg.connect(_conninfo(directory, database), autocommit=True) as db:
        db.execute(statement.encode())


@pytest.fixture
def postgres_url(postgres_directory: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    name = f"test_{next(_numbers)}"
    _execute(postgres_directory, f"create database {name} template template0")
    yield _url(postgres_directory, name)
    _execute(postgres_directory, f"drop database {name} with (force)")


def _emptied(directory: Path) -> str:
    """The shared database without rows. (Quicker than a new one; a replica fires no triggers.)"""
    names = ", ".join(table.name for table in metadata.sorted_tables)
    emptying = f"set session_replication_role = replica; truncate {names} restart identity"
    _execute(directory, emptying, "shared")
    return _url(directory, "shared")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with the current schema, to be copied."""
    path = tmp_path_factory.mktemp("template") / "clinic.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database with the current schema, once for each kind of database.

    Tests share the one on PostgreSQL: leave its schema as it is.
    """
    if request.param == "postgresql":
        return _emptied(request.getfixturevalue("postgres_directory"))
    template = request.getfixturevalue("sqlite_template")
    return f"sqlite:///{shutil.copy(template, tmp_path)}"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store with the current schema, once for each kind of database."""
    opened = open_store(database_url)
    yield opened
    opened.close()
