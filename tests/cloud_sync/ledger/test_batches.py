"""What hubs sent is vouched for once, and by what its row says."""

from pathlib import Path

from sqlalchemy import func, select

from cloud_sync.ledger import batches
from cloud_sync.ledger.engine import open_store
from cloud_sync.ledger.tables import batch, covered, observation, opening
from tests.cloud_sync.ledger.test_evidence import NOW, seal


def test_a_batch_takes_only_what_no_batch_has(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "clinic.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = open_store(f"sqlite:///{path}")
    with store.write() as db:
        seal(db, 0)
        seal(db, 1)
    with store.read() as db:
        rows = db.execute(batches.uncovered(opening)).mappings().all()
        read = [(row["envelope_id"], batches.digest(opening, row)) for row in rows]
    batches.cover_all(store, NOW)
    batches.cover_all(store, NOW)
    with store.write() as db:
        batches._write(db, "opening", read, NOW)  # as one who had read before
    with store.read() as db:
        assert db.scalar(select(func.count()).select_from(batch)) == 2
        assert db.scalar(select(func.count()).select_from(covered)) == 4
    store.close()


def test_what_may_change_is_left_out() -> None:
    names = {column.name for column in batches.fixed(observation)}
    assert "plaintext" in names
    assert not names & {"patient_id", "local_day", "measured_at_ms"}
