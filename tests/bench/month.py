"""Closing a month for everybody, on SQLite, beside reading the same rows with bare SQL.

Each round closes a fresh copy of the same database, as `vitals-clinic close` does: on all cores,
snapshots written and chained. The limit fetches every row that is read on the way, in one scan a
table, and does nothing with them.
"""

import os
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ledger import case_rows, month_end, people
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.schema import upgrade
from tests.bench.bare import seconds
from tests.bench.figures import Figure, What, compared, in_turn
from tests.support import population

_LIMIT_IS = "bare sqlite3 fetches the same rows, one scan a table"
_READ = (
    "patient_detail",
    "program_fact",
    "assignment",
    "assignment_end",
    "device",
    "care_time",
    "care_time_void",
    "month_snapshot",
    "staff",
)
_READING = "id, device_id, kind, measured_at_ms, committed_at_ms, patient_id, local_day"


def measure(directory: Path, patients: int, rounds: int) -> tuple[list[Figure], str]:
    """Seconds for so many patients, and what processor and memory it took."""
    made = directory / "month.db"
    store = open_store(f"sqlite:///{made}", keys=ClinicKeyFile(directory))
    upgrade(store)
    population.fill(store, patients, seed=1)
    store.reader.dispose()
    store.close()
    used: list[float] = []
    read, limits, ours = in_turn(
        rounds,
        lambda _: _on_copy(made, _read),
        lambda _: _bare(made),
        lambda _: _on_copy(made, lambda store, url: _closed(store, url, directory, used)),
    )
    words = f"{patients:,} patients'"
    figures = [
        compared(_what(f"reading {words} facts"), read, limits),
        compared(_what(f"closing {words} month"), ours, limits),
    ]
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    note = (
        f"closing {words} month: {min(used):.1f} s of processor time, peak memory {_peak_mb():.0f}"
        f" MB and {children:.0f} MB in the largest of {os.cpu_count()} reading processes"
    )
    return figures, note


def _what(name: str) -> What:
    return What(name=name, limit_is=_LIMIT_IS, unit="s", more_is_better=False)


def _bare(path: Path) -> float:
    def scan() -> None:
        with closing(sqlite3.connect(path)) as db:
            for table in _READ:
                db.execute(f"select * from {table}").fetchall()
            db.execute(f"select {_READING} from observation").fetchall()

    return seconds(scan)


def _on_copy(made: Path, work: Callable[[Store, str], object]) -> float:
    copy = Path(shutil.copy(made, made.with_name("copy.db")))
    url = f"sqlite:///{copy}"
    store = open_store(url, visitor=True, keys=ClinicKeyFile(made.parent))
    try:
        return seconds(lambda: work(store, url))
    finally:
        store.reader.dispose()
        store.close()
        copy.unlink()


def _read(store: Store, _url: str) -> None:
    with store.read() as db:
        everyone = people.everyone(db)
        for at in range(0, len(everyone), month_end.CHUNK):
            ids = [one.id for one in everyone[at : at + month_end.CHUNK]]
            case_rows.rows_of(db, ids, population.CLOSED_MS)


def _closed(store: Store, url: str, directory: Path, used: list[float]) -> None:
    _forget_peak()
    before = _processor_seconds()
    with store.read() as db:
        everyone = people.everyone(db)
    found = month_end.close_all(
        store,
        url,
        everyone,
        population.MONTH,
        author=population.DOCTOR,
        at_ms=population.CLOSED_MS,
        processes=os.cpu_count() or 1,
        keys=ClinicKeyFile(directory),
    )
    assert sum(len(chunk) for chunk in found) == len(everyone)
    used.append(_processor_seconds() - before)


def _processor_seconds() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(each.ru_utime + each.ru_stime for each in map(resource.getrusage, who))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
