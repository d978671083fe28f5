import json
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.cli import app


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        app(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")


@pytest.mark.usefixtures("no_bus")
@pytest.mark.parametrize("words", [["scan", "--seconds", "0.1"], ["pair"]])
def test_without_bluetoothd_it_says_where_to_look(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ["--state", str(tmp_path)] if words[0] == "pair" else []
    assert run(*words, *state) == 2
    said = capsys.readouterr().err
    assert "systemctl status bluetooth" in said
    assert "Traceback" not in said


def test_pairing_waits_for_the_collector_to_let_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(DeviceStore(tmp_path / "collector" / "devices.db")):
        assert run("pair", "--state", str(tmp_path)) == 75
    assert "systemctl stop vitals-collector" in capsys.readouterr().err


def test_devices_for_a_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(DeviceStore(tmp_path / "collector" / "devices.db")) as store:
        store.pair("ble:c0ffee000651", profile="and/ua-651ble", name="cuff", at_ms=0)
        store.note_contact("ble:c0ffee000651", at_ms=60_000, result="complete", frames=1)
        store.note_sealed("ble:c0ffee000651", seq=1, at_ms=60_000)
        store.note_proven("ble:c0ffee000651", at_ms=90_000)
    app(["devices", "--json", "--state", str(tmp_path)], result_action="return_value")
    assert json.loads(capsys.readouterr().out) == [
        {
            "device": "ble:c0ffee000651",
            "name": "cuff",
            "profile": "and/ua-651ble",
            "paired": "1970-01-01T00:00:00+00:00",
            "state": "proven",
            "sealed": "1970-01-01T00:01:00+00:00",
            "proven": "1970-01-01T00:01:30+00:00",
            "last_contact": "1970-01-01T00:01:00+00:00",
            "last_result": "complete",
        }
    ]


def test_devices_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["devices", "--state", str(tmp_path)], result_action="return_value")
    assert "vitals-hub pair" in capsys.readouterr().out
    with closing(DeviceStore(tmp_path / "collector" / "devices.db")) as store:
        store.pair("ble:c0ffee000651", profile="and/ua-651ble", name="cuff", at_ms=0)
    for state, words in (("bonded", "first reading"), ("sealed", "receipt"), ("proven", "clinic")):
        with closing(DeviceStore(tmp_path / "collector" / "devices.db")) as store:
            if state == "sealed":
                store.note_sealed("ble:c0ffee000651", seq=1, at_ms=1)
            elif state == "proven":
                store.note_proven("ble:c0ffee000651", at_ms=2)
        app(["devices", "--state", str(tmp_path)], result_action="return_value")
        said = " ".join(capsys.readouterr().out.split())
        assert "ble:c0ffee000651" in said
        assert state in said or words in said
