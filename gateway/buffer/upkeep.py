"""`collector/health.db`: what was done about the radio, and how devices were heard and reached.

Written by the collector alone; `status` and `doctor` read it. No reading is in here.
"""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database, Migrations

from cloud_sync.contract.observation import Received
from gateway.buffer.database import DiskFull, OwnerDown, Writer, read

_RECOVERIES_KEPT = 500
_ATTEMPTS_KEPT = 8  # of each device
_log = logging.getLogger(__name__)
migrations = Migrations("health")


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """One measure: which rung, why, what came of it, and when by every clock."""

    rung: str
    reason: str
    outcome: str
    at: Received


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to connect to a device that advertised: how it ended, how loud it was."""

    device: str
    at_ms: int
    ended: str
    rssi: int


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The last advertisement noted of a known device."""

    device: str
    at_ms: int
    rssi: int


class Upkeep(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, each newest first."""

    recoveries: tuple[Recovery, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    heard: tuple[Heard, ...] = ()
    background: str = ""  # in a word, why bluetoothd will not connect by itself; empty: it does


@migrations()
def first_schema(db: Database) -> None:
    """Recoveries, attempts, advertisements."""
    db.execute(
        "CREATE TABLE recovery (id INTEGER PRIMARY KEY AUTOINCREMENT, rung TEXT NOT NULL,"
        " reason TEXT NOT NULL, outcome TEXT NOT NULL, at TEXT NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE attempt (id INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL,"
        " at_ms INTEGER NOT NULL, ended TEXT NOT NULL, rssi INTEGER NOT NULL) STRICT"
    )
    db.execute(
        "CREATE TABLE heard (device TEXT PRIMARY KEY, at_ms INTEGER NOT NULL,"
        " rssi INTEGER NOT NULL) STRICT"
    )


@migrations()
def second_schema(db: Database) -> None:
    """What bluetoothd would not do."""
    db.execute("CREATE TABLE refusal (what TEXT PRIMARY KEY, why TEXT NOT NULL) STRICT")


class UpkeepStore:
    """The collector's writing side. A full disk loses a note here, never a reading."""

    def __init__(self, path: Path) -> None:
        self._writer = Writer(path, migrations)

    def note_recovery(self, recovery: Recovery) -> None:
        at = msgspec.json.encode(recovery.at).decode()
        self._write(
            "INSERT INTO recovery (rung, reason, outcome, at) VALUES (?, ?, ?, ?)",
            (recovery.rung, recovery.reason, recovery.outcome, at),
            "DELETE FROM recovery WHERE id <= (SELECT max(id) FROM recovery) - ?",
            (_RECOVERIES_KEPT,),
        )

    def note_attempt(self, attempt: Attempt) -> None:
        self._write(
            "INSERT INTO attempt (device, at_ms, ended, rssi) VALUES (?, ?, ?, ?)",
            (attempt.device, attempt.at_ms, attempt.ended, attempt.rssi),
            "DELETE FROM attempt WHERE device = ? AND id NOT IN (SELECT id FROM attempt"
            " WHERE device = ? ORDER BY id DESC LIMIT ?)",
            (attempt.device, attempt.device, _ATTEMPTS_KEPT),
        )

    def note_heard(self, heard: Heard) -> None:
        self._write(
            "INSERT OR REPLACE INTO heard VALUES (?, ?, ?)",
            (heard.device, heard.at_ms, heard.rssi),
        )

    def note_background(self, why: str) -> None:
        self._write("INSERT OR REPLACE INTO refusal VALUES ('background', ?)", (why,))

    def all(self) -> Upkeep:
        return self._writer.read(_upkeep)

    def close(self) -> None:
        self._writer.close()

    def _write(self, *statements: Any) -> None:  # noqa: ANN401 - statement, values, and so on
        try:
            with self._writer.transaction() as db:
                for statement, values in zip(statements[::2], statements[1::2], strict=True):
                    db.execute(statement, values)
        except DiskFull:
            _log.warning("the disk is full: a note on the radio was lost")


def read_upkeep(path: Path) -> Upkeep | OwnerDown:
    """What a look from outside sees; nothing where the collector has not run yet."""
    return read(path, _upkeep) if path.exists() else Upkeep()


def _upkeep(db: sqlite3.Connection) -> Upkeep:
    recoveries = db.execute("SELECT rung, reason, outcome, at FROM recovery ORDER BY id DESC")
    attempts = db.execute("SELECT device, at_ms, ended, rssi FROM attempt ORDER BY id DESC")
    heard = db.execute("SELECT device, at_ms, rssi FROM heard ORDER BY at_ms DESC")
    refusal = db.execute("SELECT why FROM refusal WHERE what = 'background'").fetchone()
    return Upkeep(
        recoveries=tuple(
            Recovery(rung=r, reason=w, outcome=o, at=msgspec.json.decode(at, type=Received))
            for r, w, o, at in recoveries
        ),
        attempts=tuple(Attempt(device=d, at_ms=t, ended=e, rssi=r) for d, t, e, r in attempts),
        heard=tuple(Heard(device=d, at_ms=t, rssi=r) for d, t, r in heard),
        background=refusal[0] if refusal else "",
    )
