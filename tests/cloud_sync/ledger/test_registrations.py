"""Accounts and devices as facts: what each was opened or registered as cannot change unseen."""

import shutil
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import (
    device_details,
    evidence,
    observations,
    people,
    registrations,
    staff,
    tables,
    touched,
)
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.evidence import Fault, Sound
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.staff_details import ALWAYS
from tests.support.readings import DEVICE, WALL_MS, cuff
from tests.support.seeded import HUB, NOW_MS, PASSWORD

ADA = "a" * 32
ACCOUNT: dict[str, Any] = {
    "id": "e" * 32, "username": "eve", "full_name": "Eve Example", "role": "admin",
    "billing_role": "practitioner", "password_hash": "x", "created_at_ms": 3,
}  # fmt: skip
METER: dict[str, Any] = {
    "id": "serial:7:8", "profile": "acme/one", "kind": "unknown", "label": "acme/one",
    "fda_defined": True, "automatic": True, "test": False, "first_seen_ms": 5,
}  # fmt: skip


def opened(store: Store) -> str:
    """Ada's account and a cuff, each through its door."""
    with store.write() as db:
        nia = staff.create(
            db, store, username="nia", full_name="Nia Okafor RN", role="clinician",
            billing_role="clinical_staff", password=PASSWORD, at_ms=NOW_MS, author=ADA,
        )  # fmt: skip
        for number in (1, 2):
            said = cuff(HUB, number)
            observations.register_device(db, store, said, WALL_MS + number, author="opener")
    return nia


def rows(db: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(select(table)).mappings()]


def test_an_account_and_a_device_are_put_on_record_once_as_they_began(store: Store) -> None:
    nia = opened(store)
    with store.read() as db:
        assert rows(db, tables.account_opening) == [
            {"staff_id": nia, "username": "nia", "full_name": "Nia Okafor RN", "author": ADA,
             "role": "clinician", "billing_role": "clinical_staff", "opened_at_ms": NOW_MS}
        ]  # fmt: skip
        assert rows(db, tables.device_registration) == [
            {"device_id": DEVICE, "profile": "acme/bp-100", "fda_defined": True, "test": False,
             "automatic": True, "registered_at_ms": WALL_MS + 1, "author": "opener"}
        ]  # fmt: skip
        named = select(tables.entry.c.row_id, tables.entry.c.author, tables.entry.c.at_ms)
        kinds = tables.entry.c.kind.in_(("account_opening", "device_registration"))
        assert db.execute(named.where(kinds).order_by(tables.entry.c.seq)).all() == [
            (nia, ADA, NOW_MS),
            (DEVICE, "opener", WALL_MS + 1),
        ]
        assert isinstance(evidence.verify(db, {}), Sound)


def test_no_chained_table_has_a_place_for_a_password() -> None:
    assert not [c for table in tables.CHAINED for c in table.columns if "password" in c.name]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("staff", "id = username"),
        ("staff", "username = 'mia'"),
        ("staff", "full_name = 'Mia Okafor RN'"),
        ("staff", "role = 'admin'"),
        ("staff", "billing_role = 'practitioner'"),
        ("staff", "created_at_ms = created_at_ms - 1"),
        ("staff", "disabled_at_ms = null"),
        ("staff", "disabled_at_ms = 9"),
        ("device", "id = id || 'x'"),
        ("device", "profile = 'acme/other'"),
        ("device", "fda_defined = false"),
        ("device", "automatic = false"),
        ("device", "test = true"),
        ("device", "first_seen_ms = 0"),
        ("device", "kind = 'glucose'"),
    ],
)
def test_the_database_itself_refuses_to_make_somebody_else_of_it(
    store: Store, table: str, change: str
) -> None:
    opened(store)
    with store.write() as db:
        staff.disable(db, "nia", NOW_MS + 1)
    with pytest.raises(DBAPIError, match="is never changed"), store.write() as db:
        db.execute(text(f"update {table} set {change}"))
    deletions = [f"delete from {table}"]
    if store.writer.dialect.name == "postgresql":
        deletions.append(f"truncate {table} cascade")
    for deletion in deletions:
        with pytest.raises(DBAPIError, match=r"never changed|append-only"), store.write() as db:
            db.execute(text(deletion))


def test_a_row_put_in_the_place_of_another_is_refused(
    sqlite_template: Path, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    replaced = insert(tables.device).prefix_with("or replace")
    with store.write() as db:
        db.execute(insert(tables.device).values(METER))
    with pytest.raises(DBAPIError, match="is never changed"), store.write() as db:
        db.execute(replaced, METER | {"test": True})
    store.close()


def test_a_password_an_end_a_label_and_an_unknown_kind_still_change(store: Store) -> None:
    opened(store)
    with store.write() as db:
        staff.set_password(db, "nia", PASSWORD + "!")
        staff.disable(db, "nia", NOW_MS + 1)
        device_details.record(
            db, DEVICE, {"label": "Her cuff"}, effective_from=ALWAYS, reason="Named",
            author=ADA, at_ms=NOW_MS,
        )  # fmt: skip
        db.execute(insert(tables.device).values(METER))
        db.execute(text("update device set kind = 'glucose' where kind = 'unknown'"))
        registrations.record_devices(db, [METER["id"]], author="opener")
    with store.read() as db:
        assert isinstance(evidence.verify(db, {}), Sound)


def test_what_came_in_past_the_door_is_named_and_no_restart_adopts_it(store: Store) -> None:
    opened(store)
    for table, row in ((tables.staff, ACCOUNT), (tables.device, METER)):
        with store.writer.connect() as db:
            db.execute(insert(table).values(row))
            found = Fault(what=f"{table.name} {row['id']}", words="it was inserted")
            assert evidence.verify(db, {}) == found
            db.rollback()
    with store.write() as db:
        db.execute(insert(tables.staff).values(ACCOUNT))
    upgrade(store)
    with store.read() as db:
        found = Fault(what=f"staff {ACCOUNT['id']}", words="it was inserted")
        assert evidence.verify(db, {}) == found


@pytest.fixture(params=["sqlite", "postgresql"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A clinic whose program knew of no registrations, with a chain, an account and a meter."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    store = open_store(url)
    with as_file(files("cloud_sync.ledger") / "migrations") as scripts, store.write() as db:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = db
        command.upgrade(config, "r0014")
        people.add_patient(db, name="Ida Before", zone="Asia/Tokyo", author=ADA, at_ms=1)
        db.execute(insert(tables.staff).values(ACCOUNT))
        db.execute(insert(tables.device).values(METER))
    yield store
    store.close()


def test_accounts_and_devices_of_before_get_their_rows_once(older: Store) -> None:
    for _twice in range(2):
        upgrade(older)
    with older.read() as db:
        (account,) = rows(db, tables.account_opening)
        assert (account["full_name"], account["opened_at_ms"]) == ("Eve Example", 3)
        assert account["author"] == "upgrade"
        (device,) = rows(db, tables.device_registration)
        assert (device["device_id"], device["registered_at_ms"]) == (METER["id"], 5)
        assert isinstance(evidence.verify(db, {}), Sound)
        assert touched.waiting(db) == []
    with older.write() as db:
        db.execute(insert(tables.device).values(METER | {"id": "serial:9"}))
    upgrade(older)
    with older.read() as db:
        assert isinstance(evidence.verify(db, {}), Fault)
