"""`checkpoint` and `verify-ledger` as an operator runs them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from cloud_sync import stores
from cloud_sync.anchor import Anchor
from cloud_sync.commands.ledger import checkpoint, verify_ledger
from cloud_sync.config import ClinicConfig
from cloud_sync.ledger import people
from tests.support.clinic import make_clinic

ENTERED = "id = (select row_id from entry where seq = {})"


@pytest.fixture
def clinic(tmp_path: Path) -> ClinicConfig:
    return make_clinic(tmp_path / "clinic")


def add(config: ClinicConfig, name: str) -> None:
    store = stores.open_own(config)
    with store.write() as db:
        people.add_patient(db, name=name, zone="America/Denver", author="a" * 32, at_ms=5)
    store.close()


def attack(config: ClinicConfig, *statements: str) -> None:
    store = stores.open_own(config)
    with store.write() as db:
        for name in db.execute(text("select name from sqlite_master where type = 'trigger'")).all():
            db.execute(text(f"drop trigger {name[0]}"))
        for statement in statements:
            db.execute(text(statement))
    store.close()


def test_a_sound_ledger_and_then_an_altered_one(
    clinic: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    add(clinic, "Rosa")
    assert verify_ledger(clinic.directory) == 0, "nothing is signed yet, and it says so"
    assert "0 of them signed" in capsys.readouterr().out
    assert checkpoint(clinic.directory) == 0
    assert capsys.readouterr().out.startswith(f"vitals-gateway/{clinic.clinic_id}\n2\n")
    add(clinic, "Walter")
    assert verify_ledger(clinic.directory, json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sound"], found["entries"], found["signed"]) == (True, 4, 2)
    attack(clinic, "update patient_detail set name = 'Ines' where " + ENTERED.format(2))
    assert verify_ledger(clinic.directory) == 1
    assert "First: entry 2 (patient_detail " in capsys.readouterr().out


def test_a_tail_cut_with_its_checkpoints_shows_by_the_note_outside(
    clinic: ClinicConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(clinic, "Rosa")
    assert checkpoint(clinic.directory) == 0
    add(clinic, "Walter")
    store = stores.open_own(clinic)
    kept = tmp_path / "kept.note"
    kept.write_text(Anchor(clinic, store, lambda: 7).take() or "")
    store.close()
    attack(
        clinic,
        "delete from checkpoint where size > 2",
        "delete from patient_detail where " + ENTERED.format(4),
        "delete from patient where id = (select row_id from entry where seq = 3)",
        "delete from entry where seq > 2",
    )
    assert verify_ledger(clinic.directory) == 1
    assert "4 entries were signed, 2 are there" in capsys.readouterr().out
    (clinic.directory / "checkpoint").unlink()
    assert verify_ledger(clinic.directory) == 0, "whoever also takes the file is not seen here"
    assert verify_ledger(clinic.directory, note=(kept,)) == 1, "but by a copy kept elsewhere"
    kept.write_text(kept.read_text().replace("\n4\n", "\n2\n"))
    assert verify_ledger(clinic.directory, note=(kept,)) == 1
    assert "key did not sign" in capsys.readouterr().out


def test_a_note_that_is_not_there_is_said(
    clinic: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        verify_ledger(clinic.directory, note=(Path("nowhere.note"),))
    assert "There is no nowhere.note" in capsys.readouterr().out
