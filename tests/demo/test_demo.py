"""The demo as a person runs it: two processes of a hub, a clinic, a browser on its pages."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.stage import Stage
from tests.support.browser import available
from tests.support.processes import ROOT, Child, wait_until
from tests.web.walk import walk

DAYS = 20
READY = "Ctrl-C ends it"


@contextmanager
def performed(directory: Path, log: Path, *options: str) -> Iterator[Child]:
    command = [sys.executable, "-m", "tests.demo", "--directory", str(directory), *options]
    demo = Child("demo", command, log)
    with demo:
        ready = wait_until(lambda: not demo.alive or READY in log.read_text(), 150, every=0.3)
        assert ready, demo.last_words(30)
        assert demo.alive, demo.last_words(30)
        yield demo


def all_received(hub: Path) -> bool:
    """What `vitals-hub status` says by its exit code: 0 is that the clinic has everything."""
    command = [sys.executable, "-m", "gateway.cli", "status", "--state", str(hub), "--json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert json.loads(ran.stdout)["facts"]["refused"] == 0
    return ran.returncode == 0


def stopped_by_ctrl_c(demo: Child) -> None:
    assert demo.process is not None
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(40) == 0, demo.last_words(30)


@pytest.mark.skipif(not available(), reason="Chromium or its driver is not installed")
def test_from_a_cuffs_radio_to_a_counted_day_and_a_logged_minute(tmp_path: Path) -> None:
    directory, log = tmp_path / "demo", tmp_path / "first.log"
    with performed(directory, log, "--days", str(DAYS)) as demo:
        stage = Stage(directory, zone="America/New_York")
        walked = walk(stage.page, "nurse", stage.logins()["nurse"])
        stopped_by_ctrl_c(demo)
    assert walked.patient == "Ada Example"
    assert int(walked.device_days) >= 16
    assert walked.charts == 2
    assert len(walked.readings) >= 2 * DAYS
    for cells in walked.readings:
        assert any(re.search(r"✓ \d\d \w{3}, \d\d:\d\d:\d\d", cell) for cell in cells), cells
    assert walked.timer_moved
    assert walked.reviewed > 0
    assert int(walked.rpm_minutes) >= 20
    assert int(walked.ccm_minutes) >= 20
    assert walked.signed_out
    assert walked.complaints == []

    again = tmp_path / "second.log"
    with performed(directory, again) as demo:
        assert wait_until(lambda: all_received(directory / "hub"), 30, every=1), again.read_text()
        stopped_by_ctrl_c(demo)
    assert "opens again" in again.read_text()
    assert "enrolled already" in again.read_text()
