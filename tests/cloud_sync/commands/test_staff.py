"""`vitals-clinic staff`, as a person runs it."""

import json
from pathlib import Path

import pytest

from cloud_sync import setup
from cloud_sync.cli import app
from tests.support.seeded import PASSWORD


@pytest.fixture
def clinic(tmp_path: Path) -> Path:
    settings = setup.Settings(
        name="Made",
        zone="America/Denver",
        host="localhost",
        broker_port=1,
        worker_port=2,
        web_port=3,
    )
    setup.create(tmp_path / "clinic", settings, setup.now())
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return tmp_path / "clinic"


def run(*words: object) -> int:
    try:
        app([str(word) for word in words], result_action="return_value")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def add(clinic: Path, username: str = "nia", *more: str) -> int:
    file = clinic.parent / "password"
    return run("staff", "add", clinic, username, "--name", "Nia", "--password-file", file, *more)


def test_add_list_disable(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(clinic) == 0
    assert "nia can sign in now, as clinician." in capsys.readouterr().out
    assert add(clinic, "omar", "--role", "auditor", "--json") == 0
    assert json.loads(capsys.readouterr().out)["username"] == "omar"
    assert run("staff", "disable", clinic, "omar") == 0
    capsys.readouterr()
    assert run("staff", "list", clinic, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [(a["username"], a["disabled_at_ms"] is None) for a in listed] == [
        ("nia", True),
        ("omar", False),
    ]
    assert "password_hash" not in listed[0]
    assert run("staff", "list", clinic) == 0
    assert "disabled" in capsys.readouterr().out


def test_mistakes_are_told_in_words(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clinic)
    assert add(clinic) == 2
    assert "The user name nia is taken." in capsys.readouterr().err
    assert add(clinic, "omar", "--role", "king") == 2
    assert "The role must be one of" in capsys.readouterr().err
    assert run("staff", "disable", clinic, "nobody") == 2
    assert "There is no account nobody" in capsys.readouterr().err
    assert run("staff", "list", clinic.parent / "none") == 2
    assert "run `vitals-clinic init` first" in capsys.readouterr().err


def test_a_new_password(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(clinic)
    file = clinic.parent / "password"
    file.write_text("short\n")
    assert run("staff", "password", clinic, "nia", "--password-file", file) == 2
    file.write_text("another long enough phrase\n")
    assert run("staff", "password", clinic, "nia", "--password-file", file) == 0
    assert "is changed" in capsys.readouterr().out
    assert run("staff", "password", clinic, "nia", "--password-file", file.parent / "no") == 1
