"""`vitals-clinic retention`, over a seeded clinic whose time has passed."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.cli import app
from tests.cloud_sync.commands.test_closing import TOML
from tests.cloud_sync.web.conftest import copied, template
from tests.support.seeded import DAY_MS, NOW_MS, Seeded

__all__ = ["template"]

ELEVEN_YEARS_MS = 11 * 366 * DAY_MS


@pytest.fixture
def clinic(template: Seeded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "clinic.toml").write_text(TOML)
    monkeypatch.setattr("time.time_ns", lambda: (NOW_MS + ELEVEN_YEARS_MS) * 1_000_000)
    yield from copied(template, tmp_path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    app(list(words), result_action="return_value", exit_on_error=False)
    return capsys.readouterr().out


def found(capsys: pytest.CaptureFixture[str], directory: str) -> dict[str, dict[str, Any]]:
    review = json.loads(run(capsys, "retention", "due", directory, "--json"))
    assert review["years"] == 10
    return {one["patient"]: one for one in review["over"]}


def test_an_unclosed_month_then_a_hold_keep_a_year(
    clinic: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = str(clinic.config.directory)
    assert found(capsys, directory)[clinic.patient]["blocks"] == ["2026-11 was never closed"]
    run(capsys, "close", directory, "2026-11")
    assert found(capsys, directory)[clinic.patient]["due"]
    assert "due" in run(capsys, "retention", "due", directory)
    words = ("--patient", clinic.patient, "--reason", "Subpoena", "--json")
    hold = json.loads(run(capsys, "retention", "hold", directory, *words))["id"]
    held = found(capsys, directory)[clinic.patient]
    assert not held["due"]
    assert "Subpoena" in held["blocks"][0]
    run(capsys, "retention", "release-hold", directory, hold, "--reason", "Dismissed")
    assert found(capsys, directory)[clinic.patient]["due"]
    (listed,) = json.loads(run(capsys, "retention", "holds", directory, "--json"))
    assert (listed["reason"], listed["lift_reason"]) == ("Subpoena", "Dismissed")
    assert "Dismissed" in run(capsys, "retention", "holds", directory)


@pytest.mark.parametrize("scope", [(), ("--practice", "--patient", "a" * 32)])
def test_a_hold_is_on_one_patient_or_on_the_practice(
    clinic: Seeded, scope: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(
            capsys, "retention", "hold", str(clinic.config.directory), *scope, "--reason", "Audit"
        )  # fmt: skip
    assert ended.value.code == 2
    assert "either" in capsys.readouterr().err


def test_fewer_than_seven_years_are_refused(
    clinic: Seeded, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("settings", "set", str(clinic.config.directory), "retention_years")
    with pytest.raises(SystemExit):
        run(capsys, *words, "6", "--reason", "Less to keep")
    assert "7 years at least" in capsys.readouterr().err
    run(capsys, *words, "7", "--reason", "The floor")
    found = json.loads(run(capsys, "retention", "due", str(clinic.config.directory), "--json"))
    assert found["years"] == 7
