"""A month closed for everybody at once holds, byte for byte, what it holds for each alone."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import closing, evidence, month_end, month_facts, people, tables
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.schema import upgrade
from tests.support import population
from tests.support.population import CLOSED_MS, DOCTOR, MONTH

PATIENTS = 24


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("population") / "clinic.db"
    store = open_store(f"sqlite:///{path}")
    upgrade(store)
    population.fill(store, PATIENTS, seed=11)
    store.reader.dispose()
    store.close()
    return path


def copied(made: Path, path: Path) -> Iterator[tuple[Store, str]]:
    shutil.copy(made, path)
    url = f"sqlite:///{path}"
    store = open_store(url)
    yield store, url
    store.close()


@pytest.fixture
def one(made: Path, tmp_path: Path) -> Iterator[tuple[Store, str]]:
    yield from copied(made, tmp_path / "one.db")


@pytest.fixture
def other(made: Path, tmp_path: Path) -> Iterator[tuple[Store, str]]:
    yield from copied(made, tmp_path / "other.db")


def everyone(store: Store) -> list[Patient]:
    with store.read() as db:
        return people.everyone(db)


def closed(at: tuple[Store, str], processes: int = 1) -> list[month_end.Closed]:
    store, url = at
    chunks = month_end.close_all(
        store,
        url,
        everyone(store),
        MONTH,
        author=DOCTOR,
        at_ms=CLOSED_MS,
        processes=processes,
    )
    return [one for chunk in chunks for one in chunk]


def snapshots(store: Store) -> list[tuple[object, ...]]:
    table = tables.month_snapshot.c
    columns = (table.patient_id, table.version, table.body, table.digest, table.reason)
    with store.read() as db:
        return [tuple(row) for row in db.execute(select(*columns).order_by(*columns[:2]))]


@pytest.mark.parametrize("seed", range(3))
def test_facts_read_for_many_are_those_read_for_each_alone(store: Store, seed: int) -> None:
    population.fill(store, PATIENTS, seed=seed)
    chance, found = random.Random(seed), everyone(store)
    with store.read() as db:
        alone = {p.id: month_facts.month_facts(db, p, MONTH, CLOSED_MS) for p in found}
        assert any(one["determination"]["lines"] for one in alone.values())
        for _ in range(3):
            some = chance.sample(found, chance.randrange(2, PATIENTS))
            together = list(month_facts.months_facts(db, some, MONTH, CLOSED_MS))
            assert [one["patient"] for one in together] == [patient.id for patient in some]
            for facts in together:
                assert canonical(facts) == canonical(alone[facts["patient"]])


@pytest.mark.parametrize("processes", [1, 2])
def test_snapshots_are_those_that_closing_each_alone_writes(
    one: tuple[Store, str],
    other: tuple[Store, str],
    processes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(month_end, "CHUNK", 7)
    found = closed(one, processes)
    with other[0].write() as db:
        for patient in everyone(other[0]):
            closing.close(db, patient.id, MONTH, author=DOCTOR, at_ms=CLOSED_MS)
    assert snapshots(one[0]) == snapshots(other[0])
    assert [each.patient_id for each in found] == [p.id for p in everyone(one[0])]
    assert {each.state for each in found} == {"ready"}
    with one[0].read() as db:
        assert isinstance(evidence.verify(db, {}), evidence.Sound)


def test_closing_again_takes_versions_of_what_changed_alone(one: tuple[Store, str]) -> None:
    store, _url = one
    before = closed(one)
    assert closed(one) == before
    late, lot = before[3].patient_id, snapshots(store)
    with store.write() as db:
        row = db.execute(
            select(tables.observation).where(
                tables.observation.c.patient_id == late,
                tables.observation.c.local_day.is_not(None),
            )
        ).mappings().first()  # fmt: skip
        assert row is not None
        db.execute(insert(tables.observation).values(dict(row) | {"id": b"\7" * 32}))
    after = {each.patient_id: each for each in closed(one)}
    assert after[late].version == 2
    assert "1 reading arrived" in str(after[late].reason)
    assert len(snapshots(store)) == len(lot) + 1


def test_whoever_was_closed_meanwhile_is_not_closed_twice(one: tuple[Store, str]) -> None:
    store, _url = one
    found = everyone(store)[:3]
    examined = month_end._examined(store, found, MONTH, CLOSED_MS)
    with store.write() as db:
        closing.close(db, found[1].id, MONTH, author=DOCTOR, at_ms=CLOSED_MS)
    with store.write() as db:
        written = list(month_end._written(db, examined, MONTH, author=DOCTOR, at_ms=CLOSED_MS))
    assert [(each.state, each.version) for each in written] == [("ready", 1)] * 3
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(tables.month_snapshot)) == 3


def test_a_month_that_runs_stays_open(one: tuple[Store, str]) -> None:
    store, url = one
    chunks = month_end.close_all(
        store, url, everyone(store), "2026-11", author=DOCTOR, at_ms=CLOSED_MS
    )
    assert {each.state for chunk in chunks for each in chunk} == {"open"}
    assert snapshots(store) == []
