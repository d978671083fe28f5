"""The command as a user runs it: its own process, standard input and output, exit codes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.commands import determine as command
from cloud_sync.ledger.engine import open_store
from cloud_sync.ledger.schema import upgrade
from tests.spec.cases import case_file, reading_days

GOLDEN = Path(__file__).parents[2] / "golden" / "billing-examples.json"
PATIENT = "a" * 32


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cloud_sync.cli", "determine", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case_file(reading_days=[reading_days("2026-02-02", 15)])))
    return path


def test_a_batch_keeps_its_order() -> None:
    done = run("--batch", stdin=GOLDEN.read_text())
    assert done.returncode == 0
    expected = [case["id"] for case in json.loads(GOLDEN.read_text())]
    assert [one["case"] for one in json.loads(done.stdout)] == expected


def test_a_bad_case_has_an_error_in_its_place() -> None:
    done = run("--batch", stdin=json.dumps([{"id": "x"}, case_file(), 3]))
    assert done.returncode == 1
    bad, good, worse = json.loads(done.stdout)
    assert bad["case"] == "x"
    assert "as_of" in bad["error"]
    assert good["lines"] == []
    assert worse["case"] is None


@pytest.mark.parametrize("stdin", ["", "{}", "[1,"])
def test_what_is_no_array_is_refused_in_words(stdin: str) -> None:
    done = run("--batch", stdin=stdin)
    assert done.returncode == 2
    assert "standard input" in done.stderr
    assert "Traceback" not in done.stderr


def test_plain_words_for_a_person(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.determine(example, explain=True) == 0
    out = capsys.readouterr().out
    assert "99445" in out
    assert "15 of 16" in out
    assert "2026-02-16" in out


def test_json_for_a_script(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.determine(example, json=True) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [line["code"] for line in found["lines"]] == ["99445"]


def test_a_case_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "case.json"
    path.write_text('{"id": "x"}')
    assert command.determine(path) == 1
    assert "as_of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({}, "give a case file"),
        ({"case": Path("/nowhere.json")}, "cannot be read"),
        ({"patient": PATIENT}, "--clinic"),
        ({"batch": True, "patient": PATIENT}, "standard input"),
        ({"patient": PATIENT, "clinic": Path("/nowhere")}, "vitals-clinic init"),
        ({"case": GOLDEN, "month": "2026-01"}, "--patient"),
        ({"patient": PATIENT, "clinic": Path("/nowhere"), "as_of": "today"}, "--as-of"),
        ({"patient": PATIENT, "clinic": Path("/nowhere"), "as_of": "2026-01-01"}, "offset"),
    ],
)
def test_a_wrong_use_says_what_to_do(
    options: dict[str, Any], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.determine(**options) == 2
    assert hint in capsys.readouterr().err


def _clinic(directory: Path) -> None:
    (directory / "clinic.toml").write_text(
        'clinic_id = "0"\nname = "Practice"\nzone = "America/Denver"\nhost = "localhost"\n'
        "broker_port = 1\nworker_port = 2\nweb_port = 3\n"
    )
    store = open_store(f"sqlite:///{directory / 'clinic.db'}")
    upgrade(store)
    with store.write() as db:
        db.exec_driver_sql(
            f"INSERT INTO patient (id, created_at_ms, author) VALUES ('{PATIENT}', 0, '')"
        )
        db.exec_driver_sql(
            "INSERT INTO patient_detail (id, patient_id, name, zone, payer, recorded_at_ms, author)"
            f" VALUES ('1', '{PATIENT}', 'A Person', 'America/Denver', 'another', 0, '')"
        )
    store.close()


def test_a_live_patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _clinic(tmp_path)
    assert command.determine(patient=PATIENT, clinic=tmp_path, json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["case"], found["warnings"][0]["reason"]) == (PATIENT, "payer_check")
    assert command.determine(patient="0" * 32, clinic=tmp_path) == 2
    assert "no such patient" in capsys.readouterr().err


def test_a_live_patient_and_month(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support import seeded

    clinic = seeded.build(tmp_path)
    clinic.store.close()
    (tmp_path / "clinic.toml").write_text(
        'clinic_id = "0"\nname = "Practice"\nzone = "America/Denver"\nhost = "localhost"\n'
        "broker_port = 1\nworker_port = 2\nweb_port = 3\n"
    )
    ask: dict[str, Any] = {"patient": clinic.patient, "clinic": tmp_path}
    ask["as_of"] = "2026-12-20T09:00:00-07:00"
    spans = {}
    for month in (None, "2026-11", "2026-12"):
        assert command.determine(**ask, month=month, json=True) == 0
        found = json.loads(capsys.readouterr().out)
        spans[month] = [(one["code"], one["to"]) for one in found["lines"]]
    assert spans["2026-12"] == [("99445", "2026-12-07")]
    assert spans["2026-11"] == []
    assert spans[None] == spans["2026-11"] + spans["2026-12"]
    assert command.determine(**ask, month="2026-13") == 2
    assert "--month" in capsys.readouterr().err
