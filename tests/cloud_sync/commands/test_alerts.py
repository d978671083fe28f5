"""`vitals-clinic alerts`, as a person runs it."""

from pathlib import Path

import pytest

from tests.cloud_sync.commands.test_patient import said
from tests.cloud_sync.commands.test_staff import clinic, run

__all__ = ["clinic"]


def test_a_threshold_is_set_and_listed(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    patient = said(capsys, "patient", "add", clinic, "Rosa", "--json")["id"]  # type: ignore[index]
    limit = ("alerts", "threshold", clinic, patient, "systolic", "--reason", "Dr Lee")
    assert run(*limit, "--low", "90", "--high", "160") == 0
    assert run(*limit, "--low", "160", "--high", "90") == 2
    assert "must lie below" in capsys.readouterr().err
    assert said(capsys, "alerts", "list", clinic, patient, "--json") == {
        "thresholds": [{"measure": "systolic", "low": "90", "high": "160", "reason": "Dr Lee"}],
        "alerts": [],
    }
    assert run("alerts", "list", clinic, patient) == 0
    assert "Dr Lee" in capsys.readouterr().out
