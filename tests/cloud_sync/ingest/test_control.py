from pathlib import Path

import pytest

from cloud_sync import setup, stores
from cloud_sync.identity import access, services
from cloud_sync.ingest import control
from cloud_sync.ingest.control import BrokerUnreachable
from tests.support.clinic import make_clinic, start_broker


def test_commands_are_run_and_their_failures_told(tmp_path: Path) -> None:
    config = make_clinic(tmp_path / "clinic")
    store = stores.open_own(config)
    running = start_broker(config, store)
    store.close()
    port = config.worker_port
    for _ in range(2):  # a second time is no failure: an answer may have been lost
        assert control.apply(running.services, port, access.admit("0f" * 16)) == []
    nonsense = [{"command": "createClient", "username": "x", "roles": [{"rolename": "none"}]}]
    (failure,) = control.apply(running.services, port, nonsense)
    assert failure.startswith("createClient")
    running.broker.stop()


def test_a_broker_that_is_not_there_is_told(tmp_path: Path) -> None:
    config = make_clinic(tmp_path / "clinic")
    issuer = services.load_authority(config.directory)
    files = services.issue(config.directory, issuer, config.host, setup.now())
    with pytest.raises(BrokerUnreachable):
        control.apply(files, config.worker_port, access.expel("0f" * 16))
