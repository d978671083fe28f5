from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.tables import APPEND_ONLY, metadata, quarantine, training_mark

ROW = {"id": b"\1" * 32, "topic": "t", "hub_id": None, "reason": "r", "body": b"", "at_ms": 1}


def test_migrations_make_exactly_the_tables_the_program_uses(store: Store) -> None:
    with store.read() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    assert found == []


def test_the_comparison_sees_a_difference(store: Store) -> None:
    with store.writer.connect() as db:
        db.execute(text("alter table device drop column label"))
        assert compare_metadata(MigrationContext.configure(db), metadata) != []
        db.rollback()


def test_upgrading_twice_changes_nothing(store: Store) -> None:
    with store.write() as db:
        db.execute(quarantine.insert(), ROW)
    upgrade(store)
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(quarantine)) == 1


def test_processes_that_upgrade_at_once_do_not_collide(tmp_path: Path, postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres_url):
        stores = [open_store(url) for _ in range(3)]
        failures: list[BaseException] = []

        def run(store: Store, failures: list[BaseException] = failures) -> None:
            try:
                upgrade(store)
            except BaseException as error:  # noqa: BLE001  handed to the test
                failures.append(error)

        threads = [Thread(target=run, args=(store,)) for store in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for store in stores:
            store.close()
        assert failures == []


@pytest.mark.parametrize("table", [table.name for table in APPEND_ONLY])
def test_every_append_only_table_has_its_triggers(table: str, store: Store) -> None:
    if store.writer.dialect.name == "postgresql":
        query = "select count(*) from pg_trigger where tgname = :a and tgtype & 56 = 56"
        names, expected = {"a": f"{table}_append_only"}, 1
    else:
        query = "select count(*) from sqlite_master where type = 'trigger' and name in (:a, :b)"
        names, expected = {"a": f"{table}_refuses_update", "b": f"{table}_refuses_delete"}, 2
    with store.read() as db:
        assert db.scalar(text(query), names) == expected


def test_a_recorded_fact_cannot_be_changed(store: Store) -> None:
    with store.write() as db:
        db.execute(quarantine.insert(), ROW)
    changes = ["update quarantine set reason = 'x'", "delete from quarantine"]
    if store.writer.dialect.name == "postgresql":
        changes.append("truncate quarantine")
    for change in changes:
        with pytest.raises(DBAPIError, match="append-only"), store.write() as db:
            db.execute(text(change))


@pytest.mark.parametrize("table", APPEND_ONLY, ids=lambda table: str(table.name))
def test_no_row_of_any_append_only_table_can_be_changed_or_deleted(
    table: Table, store: Store
) -> None:
    column = next(iter(table.columns)).name
    changes = [f"update {table.name} set {column} = {column}", f"delete from {table.name}"]
    with store.writer.connect() as db:
        if db.dialect.name == "postgresql":
            changes.append(f"truncate {table.name} cascade")
        else:  # its triggers are by row: any row will do, whatever it should refer to
            db.exec_driver_sql("commit")
            db.exec_driver_sql("pragma foreign_keys = off")
            db.exec_driver_sql("pragma ignore_check_constraints = on")
            db.exec_driver_sql("begin")
            if table.name.startswith("training_") and table is not training_mark:
                db.execute(training_mark.insert(), {"id": 1, "made_at_ms": 1})
            db.execute(table.insert(), {one.name: _any(one) for one in table.columns})
        for change in changes:
            with pytest.raises(DBAPIError, match="append-only"), db.begin_nested():
                db.execute(text(change))
        db.rollback()


def _any(column: Column[Any]) -> object:
    if column.nullable:
        return None
    samples = {int: 1, bytes: bytes(32), bool: False, date: date(2026, 1, 1), str: "x"}
    return samples[column.type.python_type]


def test_replace_is_no_way_around_the_triggers(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'clinic.db'}")
    upgrade(store)
    with store.write() as db:
        db.execute(quarantine.insert(), ROW)
    with pytest.raises(DBAPIError, match="append-only"), store.write() as db:
        db.execute(quarantine.insert().prefix_with("or replace"), ROW | {"reason": "other"})
    store.close()
