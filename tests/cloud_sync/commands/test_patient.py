"""`vitals-clinic patient`, as a person runs it."""

import json
from pathlib import Path

import pytest

from cloud_sync.commands.opened import opened
from tests.cloud_sync.commands.test_staff import clinic, run
from tests.support import seeded
from tests.support.seeded import CUFF

__all__ = ["clinic"]


def said(capsys: pytest.CaptureFixture[str], *words: object) -> object:
    assert run(*words) == 0
    return json.loads(capsys.readouterr().out)


def test_a_patient_with_a_device_and_a_file(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ("patient", "add", clinic, "Rosa Alvarez", "--birth-date", "1951-04-09", "--json")
    patient = said(capsys, *add)["id"]  # type: ignore[index]
    with opened(clinic) as found, found.store.write() as db:
        seeded.add_device(db, CUFF, "blood_pressure", "Cuff")
    assign = ("patient", "assign", clinic, patient, CUFF, "--since", "2026-11-01")
    assert run(*assign) == 0
    assert run(*assign) == 2
    assert "belongs to a patient in that time already" in capsys.readouterr().err
    entry = '{"program": "RPM", "ordered_on": "2026-11-01"}'
    assert run("patient", "record", clinic, patient, "orders", entry) == 0
    assert run("patient", "record", clinic, patient, "orders", "tomorrow") == 2
    assert run("patient", "record", clinic, patient, "orders", '{"program": 1}') == 2
    capsys.readouterr()
    listed = said(capsys, "patient", "list", clinic, "--json")
    assert listed == [
        {
            "id": patient,
            "name": "Rosa Alvarez",
            "birth_date": "1951-04-09",
            "record_number": None,
            "zone": "America/Denver",
            "payer": "medicare",
            "devices": [CUFF],
        }
    ]
    assert run("patient", "list", clinic) == 0
    assert "Rosa Alvarez" in capsys.readouterr().out


def test_mistakes_are_told_in_words(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, told in (
        (("add", clinic, "Rosa", "--zone", "Mars"), "IANA"),
        (("assign", clinic, "0" * 32, CUFF), "no such patient"),
        (("list", clinic.parent / "none"), "run `vitals-clinic init` first"),
    ):
        assert run("patient", *words) == 2
        assert told in capsys.readouterr().err


def test_details_are_corrected_with_a_reason(
    clinic: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = said(capsys, "patient", "add", clinic, "Rosa", "--json")["id"]  # type: ignore[index]
    change = ("patient", "change", clinic, patient, "--reason")
    assert run(*change, "moved", "--zone", "America/Phoenix") == 0
    assert run(*change, "moved") == 2
    assert "Give what is to change" in capsys.readouterr().err
    listed = said(capsys, "patient", "list", clinic, "--json")
    assert listed[0]["zone"] == "America/Phoenix"  # type: ignore[index]
