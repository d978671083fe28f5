"""A clinic that closed months under an older schema has each compared once (migration r0010)."""

from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from cloud_sync.ledger import tables, touched
from cloud_sync.ledger.engine import open_store
from cloud_sync.ledger.schema import upgrade
from tests.cloud_sync.ledger.records import ANN, NURSE, ms, people as add_people

AT = ms("2026-02-03T12:00:00+00:00")
MONTH = "2026-01"


def test_months_closed_under_an_older_schema_are_all_compared_once(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'old.db'}")
    with as_file(files("cloud_sync.ledger") / "migrations") as scripts, store.write() as db:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = db
        before = ScriptDirectory.from_config(config).get_revision("r0010").down_revision
        command.upgrade(config, str(before))
    add_people(store)
    row = {
        "id": "1" * 32, "patient_id": ANN, "month": MONTH, "version": 1, "body": "{}",
        "digest": b"", "made_at_ms": AT, "author": NURSE,
    }  # fmt: skip
    with store.write() as db:
        db.execute(tables.month_snapshot.insert(), row)
    upgrade(store)
    with store.read() as db:
        assert touched.waiting(db) == [ANN]
    store.close()
