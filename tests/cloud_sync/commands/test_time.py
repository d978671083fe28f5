"""`vitals-clinic time import`, as a person runs it."""

import json
from pathlib import Path

import pytest

from cloud_sync.cli import app
from tests.cloud_sync.commands.test_staff import add, clinic, run

__all__ = ["clinic"]

HEAD = "patient,staff,program,start,end,note"
ROW = "MR-1,nia,RPM,2026-01-05T10:00,2026-01-05T10:20,Went over the values of this week"
OVER = "MR-1,nia,CCM,2026-01-05T10:10,2026-01-05T10:30,Asked the clinic next door for its letter"


@pytest.fixture
def file(clinic: Path, tmp_path: Path) -> Path:
    add(clinic)
    assert run("patient", "add", clinic, "Rosa", "--record-number", "MR-1") == 0
    path = tmp_path / "old.csv"
    path.write_text(f"{HEAD}\n{ROW}\n{OVER}\n")
    return path


def test_dry_run_then_import_then_again(
    clinic: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = ("time", "import", clinic, file, "--source", "old log")
    capsys.readouterr()
    assert run(*take, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "Line 2: 10 min overlap CCM time of Nia" in out
    assert "2 rows would be taken in. Nothing was changed." in out
    assert run(*take, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kept"], report["new"], len(report["overlaps"])) == (True, 2, 2)
    assert run(*take) == 0
    assert "0 rows taken in; 2 were there already." in capsys.readouterr().out


def test_bad_rows_are_named_and_nothing_is_taken_in(
    clinic: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"{HEAD}\n{ROW}\n{ROW.replace('MR-1', 'MR-2')}\n{ROW.replace('RPM', 'X')}\n")
    take = ("time", "import", clinic, file, "--source", "old log")
    capsys.readouterr()
    assert app([str(word) for word in take], result_action="return_value") == 1
    out = capsys.readouterr().out
    assert "Line 3: no patient has the record number or id MR-2." in out
    assert "Line 4: the program must be one of RPM, CCM, other." in out
    assert "Nothing was taken in: 2 of the lines cannot be read." in out
    assert run("time", "import", clinic, file.parent / "none.csv", "--source", "x") == 2
    file.write_bytes(b"\xff\xfe")
    assert run("time", "import", clinic, file, "--source", "x") == 2
    assert "UTF-8" in capsys.readouterr().err
