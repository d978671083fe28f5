"""Whether bluetoothd runs, its adapter's address, and no restore under it: on a real bus."""

from pathlib import Path

import pytest

from gateway.links.bluez import daemon
from gateway.sessions.link import RadioUnavailableError
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.threaded import running

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def test_its_adapters_address_is_told_while_it_runs(tmp_path: Path) -> None:
    with running(tmp_path) as bluetoothd:
        assert daemon.adapter_address() == "C0:FF:EE:00:00:01"
        with daemon.stopped(bluetoothd.do):
            assert daemon.adapter_address() is None


def test_it_is_stopped_for_the_block_and_started_again_whatever_happens(tmp_path: Path) -> None:
    with running(tmp_path) as bluetoothd:
        with (
            pytest.raises(RuntimeError, match=r"\['stop'\]"),
            daemon.stopped(bluetoothd.do),
        ):
            raise RuntimeError(str(bluetoothd.verbs))
        assert bluetoothd.verbs == ["stop", "start"]
        assert daemon.adapter_address() is not None


def test_one_that_does_not_stop_lets_nothing_be_written(tmp_path: Path) -> None:
    with running(tmp_path) as bluetoothd:
        bluetoothd.stops = False
        entered: list[bool] = []
        with (
            pytest.raises(RadioUnavailableError, match="systemctl stop bluetooth"),
            daemon.stopped(bluetoothd.do),
        ):
            entered.append(True)
        assert entered == []


def test_where_it_does_not_run_it_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    verbs: list[str] = []
    with daemon.stopped(verbs.append):
        assert daemon.adapter_address() is None
    assert verbs == []
