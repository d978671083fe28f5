"""`vitals-clinic baseline`: the example that ships, the table, JSON, CSV, and what is bad."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from cloud_sync.cli import app


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = app(["baseline", *words], result_action="return_value", exit_on_error=False)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "today.csv"
    path.write_text(run(capsys, "--example")[1])
    return path


def test_the_example_shows_each_verdict(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said, _ = run(capsys, str(example))
    assert code == 0
    assert "8 lines read, 0 not" in said
    assert "99470" in said
    found = json.loads(run(capsys, str(example), "--json")[1])
    assert found["uncaptured"] == [{"patient": "1001", "month": "2026-10", "program": "RPM"}]
    assert len(found["excluded"]) == 6
    assert "$" not in said + json.dumps(found)


def test_a_bad_line_is_told_by_number(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with example.open("a") as file:
        file.write("yesterday,N,RN,7,,,5,RPM,Call,a note of some words,phone\n")
    code, said, _ = run(capsys, str(example))
    assert code == 1
    assert "line 10: date: “yesterday” is none" in said
    assert "8 lines read, 1 not" in said


def test_the_csv_has_every_line_and_no_formula(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = example.read_text() + "2026-10-05,=1+1,RN,@7,,,5,RPM,Call,a note of some words,phone\n"
    example.write_text(text + "bad,,,,,,,,,,\n")
    target = tmp_path / "out.csv"
    assert run(capsys, str(example), "--csv", str(target))[0] == 1
    rows = list(csv.DictReader(io.StringIO(target.read_text(), newline="")))
    assert len(rows) == 10
    assert (rows[8]["staff"], rows[8]["patient"]) == ("'=1+1", "'@7")
    assert rows[9]["why_not"].startswith("not read: date")
    assert run(capsys, str(example), "--csv", str(target))[0] == 2


def test_the_page_stands_alone_and_escapes_what_people_wrote(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = example.read_text() + "2026-10-05,N,RN,7,,,5,RPM,Call,<script>x</script> a b c d,phone\n"
    example.write_text(text + "bad,,,,,,,,,,\n")
    target = tmp_path / "out.html"
    assert run(capsys, str(example), "--html", str(target))[0] == 1
    page = target.read_text()
    assert "&lt;script&gt;x" in page
    assert "<script" not in page
    assert not re.search(r"(href|src)=", page)
    assert "suggested: reconciliation, medication" in page
    assert "not read: date" in page
    assert "1 patient-month would earn a time code" in page


def test_what_cannot_be_read_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--example" in run(capsys)[2]
    assert run(capsys, str(tmp_path / "none.csv"))[0] == 2
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in run(capsys, str(tmp_path / "x.csv"))[2]
    assert "Mars" in run(capsys, str(tmp_path / "x.csv"), "--zone", "Mars")[2]
