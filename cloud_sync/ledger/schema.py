"""Brings a database to the current schema by the migration history, the same on both databases."""

from importlib.resources import as_file, files

from sqlalchemy import inspect, text

from cloud_sync.ledger import entries, hub_keys, registrations
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import account_opening, hub_key

_LOCK = 0x76_69_74_61  # any number that this program alone uses for this purpose


def upgrade(store: Store) -> None:
    """Run the missing migrations in one transaction; safe beside another process doing the same.

    Two processes creating tables at once collide in PostgreSQL's catalogue, hence the advisory
    lock; on SQLite the immediate transaction is the lock.
    """
    from alembic import command
    from alembic.config import Config

    with as_file(files("cloud_sync.ledger") / "migrations") as scripts, store.write() as db:
        if db.dialect.name == "postgresql":
            db.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = db
        there = inspect(db)
        keyed, registered = (there.has_table(t.name) for t in (hub_key, account_opening))
        command.upgrade(config, "head")
        unchained = entries.head(db).size == 0
        entries.adopt(db)
        # Once: what comes past the door later must not get its row by a restart.
        if unchained or not keyed:
            hub_keys.adopt(db)
        if unchained or not registered:
            registrations.adopt(db)
