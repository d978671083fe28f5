"""`vitals-clinic practice`, as a person runs it."""

import json
from pathlib import Path

import pytest

from tests.cloud_sync.commands.test_staff import clinic, run

__all__ = ["clinic"]


def test_the_practice_is_kept_over_time(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = ("practice", "set", clinic, "Juniper", "--since", "2026-01-01")
    assert run(*first, "--npi", "1234567893", "--reason", "first record") == 0
    assert run(*first, "--npi", "1234567890", "--reason", "first record") == 2
    assert "ten digits" in capsys.readouterr().err
    assert run("practice", "show", clinic, "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["npi"], found["practice"]) == ("Juniper", "1234567893", "main")
    assert run("practice", "show", clinic) == 0
    assert "first record" in capsys.readouterr().out
