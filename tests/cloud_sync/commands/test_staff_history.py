"""`vitals-clinic staff change` and `history`, as a person runs them."""

import json
from pathlib import Path

import pytest

from tests.cloud_sync.commands.test_staff import add, clinic, run

__all__ = ["clinic"]


def test_a_change_has_a_date_a_reason_and_a_history(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(clinic, "nia", "--credential", "RN") == 0
    change = ("staff", "change", clinic, "nia", "--since", "2026-12-01")
    as_doctor = ("--billing-role", "practitioner", "--credential", "NP", "--npi", "1234567893")
    assert run(*change, *as_doctor, "--reason", "licensed") == 0
    assert run(*change, "--employer", "Care Partners", "--no-employed", "--reason", "moved") == 0
    capsys.readouterr()
    assert run("staff", "history", clinic, "nia", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["effective_from"], one["credential"], one["reason"]) for one in found] == [
        ("0001-01-01", "RN", "account opened"),
        ("2026-12-01", "NP", "licensed"),
        ("2026-12-01", "NP", "moved"),
    ]
    assert run("staff", "history", clinic, "nia") == 0
    out = capsys.readouterr().out
    assert "the start" in out
    assert "licensed" in out


def test_mistakes_are_told_in_words(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clinic)
    change = ("staff", "change", clinic, "nia", "--since", "2026-12-01")
    for more, told in (
        (("--reason", " "), "Say why"),
        (("--billing-role", "king", "--reason", "x"), "must be one of"),
        (("--npi", "12", "--reason", "x"), "ten digits"),
        (("--no-employed", "--reason", "x"), "Name the employer"),
    ):
        assert run(*change, *more) == 2
        assert told in capsys.readouterr().err
