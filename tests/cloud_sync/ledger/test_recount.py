"""What is stored as facts arrive is what the facts alone give, and each change touches its own.

`VITALS_CASES=20000 python -m pytest -s tests/cloud_sync/ledger/test_recount.py` compares so many
patient-months instead of the few of every run.
"""

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import closing, derive, devices, people, snapshots, tables
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.month_facts import case_of_month, month_facts
from cloud_sync.rules import determine
from tests.cloud_sync.ledger.copies import NURSE, copied
from tests.cloud_sync.ledger.histories import DAY_MS, History
from tests.cloud_sync.ledger.plain_case import plain_case
from tests.spec.second import answer
from tests.spec.test_second_opinion import between, patient_months

WANTED = int(os.environ.get("VITALS_CASES", "0"))
FIRST_HISTORY = int(os.environ.get("VITALS_FIRST_CASE", "101"))
DERIVED = ("patient_id", "local_day", "measured_at_ms", "measured_method", "uncertainty_ms")
PATIENTS = 3
_NUMBERS = count()


@contextmanager
def empty(template: Path, directory: Path) -> Iterator[Store]:
    """A SQLite clinic without rows, gone afterwards."""
    name = f"empty-{next(_NUMBERS)}"
    path = Path(shutil.copy(template, directory / f"{name}.db"))
    store = open_store(f"sqlite:///{path}")
    try:
        yield store
    finally:
        store.reader.dispose()
        store.close()
        for left in directory.glob(f"{name}.db*"):
            left.unlink()


@pytest.fixture
def on_sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    with empty(sqlite_template, tmp_path) as found:
        yield found


def compared(
    history: History, template: Path, directory: Path, seed: int, *, each_month: bool = True
) -> int:
    """How many patient-months with facts were the same in a database made anew from them."""
    months = 0
    random = Random(seed)
    with empty(template, directory) as again:
        copied(history.store, again, random)
        with history.store.read() as db, again.read() as anew:
            assert seen(db) == seen(anew)
            for patient in history.patients:
                chosen = history.months() if each_month else [random.choice(history.months())]
                months += the_same(history, db, anew, patient, chosen)
    return months


def the_same(
    history: History, db: Connection, anew: Connection, patient: str, months: list[str]
) -> int:
    """The case file, its determination, and these months whole.

    The determination is also made the plain way, from the tables' rows on, sharing no code.

    The case file is all that a determination of any month is made from.
    """
    who, who_anew = people.find(db, patient), people.find(anew, patient)
    case = build_case(db, patient, history.now_ms)
    assert case == build_case(anew, patient, history.now_ms)
    plain = plain_case(db, patient, history.now_ms)
    assert between(determine(case), answer(plain)) == []
    for month in months:
        stored = month_facts(db, who, month, history.now_ms)
        assert canonical(stored) == canonical(month_facts(anew, who_anew, month, history.now_ms))
    return patient_months(case)


def seen(db: Connection) -> dict[bytes, tuple[Any, ...]]:
    """The derived columns of every observation."""
    columns = [tables.observation.c[name] for name in ("id", "device_id", *DERIVED)]
    return {row[0]: tuple(row[1:]) for row in db.execute(select(*columns))}


def test_a_recount_from_the_facts_alone_gives_the_same(
    store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    history = History(store, seed=1, patients=PATIENTS)
    history.run(events=150)
    assert compared(history, sqlite_template, tmp_path, seed=2) >= PATIENTS * 3
    with store.write() as db:
        for device in devices.everything(db):
            assert derive.rederive(db, device.id) == 0


def test_many_patient_months_are_the_same_from_the_facts_alone(
    sqlite_template: Path, tmp_path: Path
) -> None:
    months, seed = 0, FIRST_HISTORY - 1
    while months < max(WANTED, 1):
        seed += 1
        with empty(sqlite_template, tmp_path) as store:
            history = History(store, seed, patients=4 if WANTED else 2, days=720 if WANTED else 60)
            history.run(events=250 if WANTED else 60)
            months += compared(history, sqlite_template, tmp_path, seed, each_month=not WANTED)
        if seed % 50 == 0:
            print(f"{months} after history {seed}", flush=True)
    print(f"\nhistories {FIRST_HISTORY} to {seed}: {months} patient-months are the same anew")


def test_what_arrives_changes_only_what_it_names(on_sqlite: Store) -> None:
    """A reading adds one; an assignment moves its device's; a zone its patient's; the rest none."""
    store = on_sqlite
    history = History(store, seed=3, patients=PATIENTS)
    kinds: Counter[str] = Counter()
    for _ in range(200):
        history.now_ms += DAY_MS // 4
        with store.read() as db:
            before, lent = seen(db), borrowed(db)
        kind, patient = history.event()
        with store.read() as db:
            after, lent_after = seen(db), borrowed(db)
        changed = {one for one in after if before.get(one) != after[one]}
        assert before.keys() <= after.keys()
        owners = {row[one][1] for row in (before, after) for one in changed if one in row}
        touched = {after[one][0] for one in changed}
        kinds[f"{kind} changed {min(len(changed), 2)}"] += 1
        if kind == "reading":
            assert changed == after.keys() - before.keys()
            assert len(changed) == 1
        elif kind in {"assign", "take_back"}:
            assert touched <= {device for device, _, _ in lent_after ^ lent}
        elif kind == "move":
            assert owners <= {patient, None}  # a clock without a zone may now say another hour
        else:
            assert not changed
    for wanted in ("assign", "take_back", "move"):
        assert any(kinds[f"{wanted} changed {n}"] for n in (1, 2)), kinds


def borrowed(db: Connection) -> set[Any]:
    """Who has which device until when."""
    end = tables.assignment_end.c.assigned_to_ms
    rows = db.execute(
        select(tables.assignment.c.device_id, tables.assignment.c.id, end).outerjoin(
            tables.assignment_end, tables.assignment_end.c.assignment_id == tables.assignment.c.id
        )
    )
    return {tuple(row) for row in rows}


def test_a_closed_month_says_why_it_changed_and_is_else_what_it_was(on_sqlite: Store) -> None:
    """Whatever arrives: either the month is as it was signed, or the reason names what came."""
    store = on_sqlite
    history = History(store, seed=5, patients=PATIENTS, days=55)
    history.run(events=90)
    month = "2026-01"
    history.now_ms = max(history.now_ms, 1_770_120_000_000)  # 3 February
    for patient in history.patients:
        with store.write() as db:
            closing.close(db, patient, month, author=NURSE, at_ms=history.now_ms)
    reopened: Counter[str] = Counter()
    for number in range(50):
        history.now_ms += DAY_MS // 16
        _, changed = history.event()
        for patient in history.patients if number % 25 == 24 else [changed]:
            reopened.update(closed_again(history, patient, month))
    for wanted in ("reading", "time entr", "minutes", "device days", "not earned"):
        assert any(wanted in reason for reason in reopened), (wanted, reopened)


def closed_again(history: History, patient: str, month: str) -> list[str]:
    with history.store.write() as db:
        who = people.find(db, patient)
        before = closing.standing(db, who, month, history.now_ms)
        assert before.snapshot is not None
        after = closing.close(db, patient, month, author=NURSE, at_ms=history.now_ms)
        assert after.snapshot is not None
        assert after.changes == ()
        case = case_of_month(db, who, month, after.snapshot.made_at_ms)
        assert digest(case) == after.snapshot.facts["case_sha256"], "a packet could not be made"
        assert (
            snapshots.versions(db, patient, month)[before.snapshot.version - 1] == before.snapshot
        )
        if after.snapshot == before.snapshot:
            assert not before.changes
            return []
        assert after.snapshot.version == before.snapshot.version + 1
        assert after.snapshot.reason
        assert after.snapshot.reason == "; ".join(before.changes) or not before.changes
        return after.snapshot.reason.split("; ")


def digest(case: dict[str, Any]) -> str:

    return hashlib.sha256(canonical(case)).hexdigest()
