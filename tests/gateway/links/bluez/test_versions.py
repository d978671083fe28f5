"""The table of versions, from the bluez commits and issues named in the module."""

import asyncio
import os
from pathlib import Path

import pytest

from gateway.links.bluez.guard import Bluez
from gateway.links.bluez.versions import verdict
from gateway.sessions.link import RadioUnavailableError


@pytest.mark.parametrize("minor", [55, 65, 66, 70, 82, 83, 84, 86, 88, 90])
def test_these_may_be_used(minor: int) -> None:
    told = verdict(f"bluetoothctl: 5.{minor}\n")
    assert told.usable
    assert told.sentence.startswith(f"BlueZ 5.{minor} works: ")
    assert told.sentence.count(".") == 2


@pytest.mark.parametrize(
    ("minor", "why"), [(54, "old"), (67, "stall"), (68, "stall"), (69, "stall"), (87, "crash")]
)
def test_these_lose_readings_and_are_refused(minor: int, why: str) -> None:
    told = verdict(f"bluetoothctl: 5.{minor}\n")
    assert not told.usable
    assert why in told.sentence
    assert "install" in told.sentence


@pytest.mark.parametrize("said", [None, "", "no version"])
def test_what_cannot_be_told_is_said_and_not_refused(said: str | None) -> None:
    assert verdict(said).usable
    assert "cannot be told" in verdict(said).sentence


def test_the_installed_version_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bluetoothctl"
    tool.write_text("#!/bin/sh\necho 'bluetoothctl: 5.68'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    async def story() -> None:
        with pytest.raises(RadioUnavailableError, match=r"5\.68 is refused"):
            await Bluez().check_version()

    asyncio.run(story())
