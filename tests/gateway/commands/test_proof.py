"""Waiting until a pairing is proven: what a technician is told, step by step."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.commands import proof

CUFF = "ble:c0ffee000651"


@pytest.fixture(name="steps")
def _steps(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Done one after the other, where the command would sleep."""
    steps: list[Callable[[], None]] = []
    monkeypatch.setattr("time.sleep", lambda _seconds: steps.pop(0)())
    return steps


def test_each_step_is_told_once_until_it_is_proven(
    tmp_path: Path, steps: list[Callable[[], None]], capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(DeviceStore(tmp_path / "collector" / "devices.db")) as store:
        store.pair(CUFF, profile="and/ua-651ble", name="cuff", at_ms=0)
        steps += [
            lambda: None,
            lambda: store.note_sealed(CUFF, seq=1, at_ms=1),
            lambda: None,
            lambda: store.note_proven(CUFF, at_ms=2),
        ]
        assert proof.await_proof(tmp_path, CUFF) == "proven"
    said = capsys.readouterr().err
    assert [said.count(words) for words in ("Waiting for a reading", "sealed", "Proven")] == [1] * 3


def test_what_takes_too_long_goes_on_without_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert proof.await_proof(tmp_path, CUFF, limit_s=0.0) == "bonded"
    assert "vitals-hub devices" in capsys.readouterr().err
