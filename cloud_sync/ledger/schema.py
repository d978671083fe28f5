"""Brings a database to the current schema."""

from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import metadata


def upgrade(store: Store) -> None:
    """Create what is missing; run once, before anything else uses the database."""
    metadata.create_all(store.writer)
