"""`vitals-clinic close` and `settings` (cloud_sync.commands.settings), over a seeded clinic."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cloud_sync import eraser
from cloud_sync.cli import app
from cloud_sync.ledger.erasing import Approved
from tests.cloud_sync.web.conftest import copied, template
from tests.support.seeded import DAY_MS, NOW_MS, Seeded

__all__ = ["template"]

TOML = """clinic_id = "c"
name = "Juniper"
zone = "America/Denver"
host = "127.0.0.1"
broker_port = 0
worker_port = 0
web_port = 0
"""


@pytest.fixture
def clinic(template: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "clinic.toml").write_text(TOML)
    monkeypatch.setattr("time.time_ns", lambda: (NOW_MS + 10 * DAY_MS) * 1_000_000)
    yield from copied(template, tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    app(list(words), result_action="return_value", exit_on_error=False)
    return capsys.readouterr().out


def test_a_month_is_closed_once(clinic: Seeded, capsys: pytest.CaptureFixture[str]) -> None:
    directory = str(clinic.config.directory)
    first = json.loads(run(capsys, "close", directory, "2026-11", "--json"))
    assert {one["state"] for one in first} == {"ready"}
    assert len(first) == 2
    assert json.loads(run(capsys, "close", directory, "2026-11", "--json")) == first
    assert "2 ready to sign" in run(capsys, "close", directory, "2026-11")
    running = json.loads(run(capsys, "close", directory, "2026-12", "--json"))
    assert {one["state"] for one in running} == {"open"}


def test_an_erased_month_says_when_and_stays(
    clinic: Seeded, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = str(clinic.config.directory)
    run(capsys, "close", directory, "2026-11")
    later = NOW_MS + 4018 * DAY_MS
    monkeypatch.setattr("time.time_ns", lambda: later * 1_000_000)
    approved = Approved(by="Ada", author=clinic.staff["admin"], at_ms=later)
    eraser.erase(clinic.config, clinic.store, approved, lambda: later)
    for month, end in (("2026-11", "nobody signed it"), ("2026-12", "it was never closed")):
        found = json.loads(run(capsys, "close", directory, month, "--json"))
        (gone,) = [one for one in found if one["patient"] == clinic.patient]
        assert gone["state"] == "erased"
        assert gone["reason"] == f"Erased under retention on 2037-11-24; {end}"
        said = run(capsys, "close", directory, month)
        assert "1 erased under retention" in said
        assert "2037-11-24" in said


def test_a_month_must_be_one(clinic: Seeded, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["close", str(clinic.config.directory), "November"])
    assert "2026-01" in capsys.readouterr().err


def test_settings_are_recorded_and_shown(
    clinic: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = str(clinic.config.directory)
    since = date(2026, 11, 1).isoformat()
    run(capsys, "settings", "set", directory, "late_receipt_days", "5",
        "--reason", "letter", "--from", since)  # fmt: skip
    run(capsys, "settings", "set", directory, "day_rule", "received", "--reason", "letter")
    found = json.loads(run(capsys, "settings", "list", directory, "--json"))
    assert [(one["name"], one["value"]) for one in found] == [
        ("late_receipt_days", 5),
        ("day_rule", "received"),
    ]
    assert "letter" in run(capsys, "settings", "list", directory)
    with pytest.raises(SystemExit):
        app(["settings", "set", directory, "day_rule", "guessed", "--reason", "x"])
    assert "cannot be read" in capsys.readouterr().err


def test_explaining_a_live_patient_says_what_can_still_be_reached(
    clinic: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    said = run(capsys, "determine", "--patient", clinic.patient,
               "--clinic", str(clinic.config.directory), "--as-of", "2026-11-24T09:30:00-07:00",
               "--explain")  # fmt: skip
    assert "What can still be reached" in said
    assert "99454 needs 3 more by 7 December" in said
