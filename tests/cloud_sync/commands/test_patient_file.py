"""`vitals-clinic patient record` and `file`, as a person runs them."""

from pathlib import Path

import pytest

from tests.cloud_sync.commands.test_patient import said
from tests.cloud_sync.commands.test_staff import clinic, run

__all__ = ["clinic"]


def test_entries_are_typed_listed_and_corrected_with_a_reason(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = said(capsys, "patient", "add", clinic, "Rosa", "--json")["id"]  # type: ignore[index]
    entry = '{"set_up_on": "2026-11-01", "educated_on": "2026-11-01", "taught": ["patient"]}'
    record = ("patient", "record", clinic, patient, "set_ups")
    fact = said(capsys, *record, entry, "--json")["fact"]  # type: ignore[index]
    assert run(*record, '{"colour": "blue"}') == 2
    assert "It may have: program, set_up_on" in " ".join(capsys.readouterr().err.split())
    assert run("patient", "file", clinic, patient) == 0
    capsys.readouterr()
    assert run(*record, "{}", "--corrects", fact) == 2
    assert "Say why" in capsys.readouterr().err
    assert run(*record, "{}") == 2
    assert run(*record, "{}", "--corrects", fact, "--reason", "typed in error") == 0
    capsys.readouterr()
    assert said(capsys, "patient", "file", clinic, patient, "--json") == []
