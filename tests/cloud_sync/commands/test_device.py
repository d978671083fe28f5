"""`vitals-clinic device`, as a person runs it."""

import json
from pathlib import Path

import pytest

from cloud_sync.commands.opened import opened
from tests.cloud_sync.commands.test_staff import clinic, run
from tests.support import seeded
from tests.support.seeded import CUFF

__all__ = ["clinic"]


def test_a_device_is_described_over_time(clinic: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(clinic) as found, found.store.write() as db:
        seeded.add_device(db, CUFF, "blood_pressure", "Cuff")
    change = ("device", "change", clinic, CUFF, "--since", "2026-01-01")
    assert run(*change, "--fda-basis", "510(k)", "--serial", "A-1", "--reason", "label") == 0
    assert run(*change, "--test", "--reason", " ") == 2
    assert "Say why" in capsys.readouterr().err
    assert run("device", "list", clinic, "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["id"], one["serial"], one["fda_basis"], one["test"]) == (
        CUFF, "A-1", "510(k)", False,
    )  # fmt: skip
    assert run("device", "history", clinic, CUFF, "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["reason"] == "label"
    for words in (("list", clinic), ("history", clinic, CUFF)):
        assert run("device", *words) == 0
        assert "A-1" in capsys.readouterr().out
    assert run("device", "history", clinic, "ble:000000000000") == 2
