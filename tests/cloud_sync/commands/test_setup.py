from pathlib import Path
from typing import Any

import pytest

from cloud_sync.cli import app
from cloud_sync.commands import setup
from cloud_sync.config import load

GIVEN: dict[str, Any] = {"name": "Lakeside", "zone": "America/Chicago", "host": "localhost"}


def test_mistakes_are_told_in_words_and_make_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    new = tmp_path / "new"
    assert setup.init(full, **GIVEN) == 2
    assert setup.init(full / "file", **GIVEN) == 2
    assert setup.init(new, **(GIVEN | {"zone": "Mars/Base"})) == 2
    assert setup.init(new, **GIVEN, admin_password_file=tmp_path / "missing") == 2
    told = capsys.readouterr().err
    for words in ("is not empty", "is no time zone", "does not exist"):
        assert words in told
    assert not new.exists()


def test_a_new_clinic_prints_the_administrators_password_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cloud_sync.ledger.staff", reason="the staff table's module is not here")
    assert setup.init(tmp_path / "clinic", **GIVEN) == 0
    told = capsys.readouterr().out
    assert "shown only now: " in told
    password = told.split("shown only now: ")[1].split()[0]
    assert len(password) == 20
    kept = [p.read_bytes() for p in (tmp_path / "clinic").rglob("*") if p.is_file()]
    assert not any(password.encode() in content for content in kept)
    assert load(tmp_path / "clinic").name == "Lakeside"


def test_a_password_of_the_operators_own_is_checked_and_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cloud_sync.ledger.staff", reason="the staff table's module is not here")
    file = tmp_path / "password"
    file.write_text("short\n")
    assert setup.init(tmp_path / "clinic", **GIVEN, admin_password_file=file) == 2
    assert "15 characters" in capsys.readouterr().err
    assert not (tmp_path / "clinic").exists()
    file.write_text("four unrelated small words\n")
    assert setup.init(tmp_path / "clinic", **GIVEN, admin_password_file=file) == 0
    assert "unrelated" not in capsys.readouterr().out


def test_a_training_practice_can_close_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    school = tmp_path / "school"
    app(
        ["init", str(school), "--name", "School", "--zone", "America/Denver", "--host", "127.0.0.1",
         "--training"],
        result_action="return_value", exit_on_error=False,
    )  # fmt: skip
    assert "TRAINING PRACTICE, never for billing" in capsys.readouterr().out
    app(
        ["patient", "add", str(school), "A Person"],
        result_action="return_value",
        exit_on_error=False,
    )
    captured = capsys.readouterr()
    assert "TRAINING - NOT FOR BILLING" in captured.err
    patient = captured.out.strip()
    for words in (
        ["close", str(school), "2026-01"],
        ["packet", str(school), patient, "2026-01", str(tmp_path / "packet.zip")],
    ):
        with pytest.raises(SystemExit) as ended:
            app(words, result_action="return_value", exit_on_error=False)
        assert ended.value.code == 2
    assert not (tmp_path / "packet.zip").exists()
    app(
        ["determine", "--patient", patient, "--clinic", str(school), "--json"],
        result_action="return_value", exit_on_error=False,
    )  # fmt: skip
    assert f"TRAINING - NOT FOR BILLING {patient}" in capsys.readouterr().out
