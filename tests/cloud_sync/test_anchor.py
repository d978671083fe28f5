"""The anchor signs at once and then each hour, and makes its key where there is none."""

from pathlib import Path
from threading import Thread

import pytest

from cloud_sync import anchor, stores
from cloud_sync.anchor import Anchor
from cloud_sync.identity import checkpoint
from cloud_sync.ledger import checkpoints, people
from tests.support.clinic import make_clinic, wait_for


def test_it_signs_what_was_added_until_it_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor, "HOUR_SECONDS", 0.05)
    config = make_clinic(tmp_path / "clinic")
    (config.keys / "checkpoint.key").unlink()  # an older clinic
    store = stores.open_own(config)
    running = Anchor(config, store, lambda: 7)
    assert running.take() is None
    thread = Thread(target=running.run)
    thread.start()
    with store.write() as db:
        people.add_patient(db, name="Rosa", zone="America/Denver", author="a" * 32, at_ms=5)
    wait_for((config.directory / checkpoint.LATEST).exists)
    running.stop()
    thread.join()
    verifier = (config.directory / checkpoint.PUBLIC).read_text()
    found = checkpoint.verify((config.directory / checkpoint.LATEST).read_text(), verifier)
    assert found is not None
    assert (found.size, found.at_ms) == (2, 7)
    with store.read() as db:
        assert len(checkpoints.notes(db)) == 1
    store.close()
