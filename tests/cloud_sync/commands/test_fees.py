"""The fee schedule's commands, and amounts beside a determination: on the screen, nowhere else."""

import json
from pathlib import Path

import pytest

from cloud_sync.cli import app
from cloud_sync.commands import determine as command, fees
from tests.cloud_sync.commands.test_determine import PATIENT, _clinic
from tests.spec.cases import case_file


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    minutes = [{"program": "CCM", "month": "2026-01", "minutes": 62}]
    dates = [f"2026-02-{day:02}" for day in range(2, 5)]
    file = case_file(minutes=minutes, reading_days=[{"device": "D1", "dates": dates}])
    path.write_text(json.dumps(file))
    return path


@pytest.fixture
def national(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert fees.example() == 0
    path = tmp_path / "fees.csv"
    path.write_text(capsys.readouterr().out)
    return path


def run(*words: str) -> int:
    code: int = app(list(words), result_action="return_value", exit_on_error=False)
    return code


def test_the_example_is_a_schedule(national: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fees", "check", str(national), "--on", "2026-03-31", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["code"]: row["amount"] for row in rows}["99454"] == "52.11?"
    assert {row["locality"] for row in rows} == {"national, for orientation"}
    assert len(rows) == 10
    assert run("fees", "check", str(national)) == 0
    assert "disputed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"code,from\n", "must name"), (b"\xff\xfe", "UTF-8"), (None, "No such file")],
)
def test_what_is_no_schedule_says_why(
    tmp_path: Path, raw: bytes | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    if raw is not None:
        path.write_bytes(raw)
    assert run("fees", "check", str(path)) == 1
    assert words in capsys.readouterr().err
    assert command.determine(tmp_path / "case.json", fees=path) == 2


def test_amounts_stand_beside_the_lines(
    example: Path, national: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.determine(example) == 0
    plain = capsys.readouterr().out
    assert command.determine(example, fees=national) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(plain)
    beside = shown.removeprefix(plain)
    rows = [line.split() for line in beside.splitlines() if line[:1].isdigit()]
    assert [row[:5] for row in rows] == [
        ["99445", "2026-03-03", "1", "52.11?", "52.11?"],
        ["99490", "2026-01-31", "1", "66.13", "66.13"],
        ["99439", "2026-01-31", "2", "50.44", "100.88"],
    ]
    assert "for orientation" in beside
    assert "disputed" in beside


def test_a_code_that_the_schedule_does_not_have_says_so(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.csv"
    path.write_text("code,from,to,amount\n99490,2026-01-01,,70\n")
    assert command.determine(example, fees=path) == 0
    out = capsys.readouterr().out
    assert "70.00" in out
    assert "not in the schedule" in out


def test_a_script_gets_no_amounts(
    example: Path, national: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.determine(example, fees=national, json=True) == 2
    assert command.determine(None, fees=national, batch=True) == 2
    assert capsys.readouterr().err.count("no determination has an amount") == 2


def test_a_clinics_own_schedule_is_shown_with_its_patients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _clinic(tmp_path)
    assert command.determine(patient=PATIENT, clinic=tmp_path) == 0
    capsys.readouterr()
    (tmp_path / fees.FILE).write_text("nonsense")
    assert command.determine(patient=PATIENT, clinic=tmp_path) == 2
    assert "line 1" in capsys.readouterr().err
    assert command.determine(patient=PATIENT, clinic=tmp_path, json=True) == 0
    (tmp_path / fees.FILE).write_text("code,from,to,amount\n99490,,,70\n")
    assert command.determine(patient=PATIENT, clinic=tmp_path) == 0
