"""`vitals-clinic self-audit`, and its report (cloud_sync.export.self_audit)."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.cli import app
from cloud_sync.export import self_audit
from cloud_sync.rules.audit.finding import Evidence, Finding, Question
from tests.cloud_sync.commands.test_closing import clinic, run
from tests.cloud_sync.web.conftest import template
from tests.support.seeded import Seeded

__all__ = ["clinic", "template"]


def test_the_questions_as_table_json_and_csv(
    clinic: Seeded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["self-audit", str(clinic.config.directory), "--from", "2026-10", "--to", "2026-11"]
    text = run(capsys, *asked)
    assert "of 19 questions flagged, 2026-10 to 2026-11" in text
    target = tmp_path / "audit.csv"
    found: dict[str, Any] = json.loads(run(capsys, *asked, "--json", "--csv", str(target)))
    assert found["months"] == ["2026-10", "2026-11"]
    incomplete = next(one for one in found["questions"] if one["key"] == "incomplete")
    assert incomplete["flagged"]
    assert incomplete["figures"] == [{"of_what": "patients in RPM", "count": 1, "of": 1}]
    assert incomplete["evidence"] == [{"what": "without RPM time", "patient": clinic.patient}]
    lines = target.read_text().splitlines()
    assert lines[0].startswith("question,flagged,source")
    with pytest.raises(SystemExit):
        app([*asked, "--csv", str(target)])
    assert "cannot be written" in capsys.readouterr().err


def test_months_that_are_none_are_told(clinic: Seeded, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["self-audit", str(clinic.config.directory), "--from", "2026-10", "--to", "2025-01"])
    assert "1 to 24 months" in capsys.readouterr().err


def test_no_note_becomes_a_formula() -> None:
    note = Evidence(words='=HYPERLINK("x")')
    asked = Question(key="k", title="t", asked="a", source="s", to_do="d")
    found = Finding(question=asked, figures=(), flagged=True, evidence=(note,))
    (row,) = csv.DictReader(io.StringIO(self_audit.table([found], {}, {}), newline=""))
    assert row["what"] == '\'=HYPERLINK("x")'
