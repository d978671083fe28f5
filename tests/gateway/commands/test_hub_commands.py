"""`vitals-hub enrol`, `status`, `collect`, `uplink`, `run` as a person or a unit starts them."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.buffer.custody import open_custody
from gateway.buffer.receipts import Link, ReceiptStore
from gateway.commands import run
from tests.gateway.broker import wait_until
from tests.gateway.clinic_keys import HUB, ClinicKeys, enrolled, observed, received

CLI = [sys.executable, "-m", "gateway.cli"]


def hub(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [*CLI, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, check=False, text=True, env={**os.environ, "COLUMNS": "200"}
    )


@pytest.mark.parametrize("command", ["collect", "uplink", "run", "status"])
def test_a_hub_that_is_not_enrolled_says_what_to_do(tmp_path: Path, command: str) -> None:
    done = hub(command, "--state", tmp_path)
    assert done.returncode == (2 if command == "status" else 78)
    said = done.stdout + done.stderr
    assert "vitals-hub enrol TICKET" in said
    assert "Traceback" not in said


def test_a_damaged_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.json").write_text('{"hub": "zz"}')
    done = hub("uplink", "--state", tmp_path)
    assert done.returncode == 78
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def test_status_tells_held_readings_from_received_ones(tmp_path: Path) -> None:
    clinic = ClinicKeys()
    config = enrolled(tmp_path, clinic)
    custody = open_custody(config)
    now = received(at_ms=wall_ms())
    custody.report(now, devices=1)
    done = hub("status", "--state", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "The clinic has received every reading." in done.stdout
    custody.keep(observed(0, at_ms=wall_ms()))
    done = hub("status", "--state", tmp_path)
    assert done.returncode == 1, done.stdout
    assert "1 reading waits safely on this hub" in done.stdout
    custody.close()


def test_status_as_json_for_scripts(tmp_path: Path) -> None:
    config = enrolled(tmp_path, ClinicKeys())
    custody = open_custody(config)
    custody.report(received(at_ms=wall_ms()), devices=1)
    custody.close()
    store = ReceiptStore(config.receipts_db)
    store.note_link(Link(connected=False, since_ms=0, trouble="something is wrong"))
    store.close()
    done = hub("status", "--json", "--state", tmp_path)
    assert done.returncode == 2
    told = json.loads(done.stdout)
    assert told["level"] == "needs_help"
    assert told["problems"] == ["Something is wrong."]
    assert told["facts"]["hub"] == HUB
    assert told["facts"]["held"] == 0
    assert told["facts"]["days_of_room"] > 0


def wall_ms() -> int:
    import time

    return time.time_ns() // 1_000_000


def test_enrol_explains_a_bad_ticket_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    done = hub("enrol", "not a ticket", "--state", tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no enrolment ticket" in done.stderr
    told = json.loads(hub("enrol", "nonsense", "--json", "--state", tmp_path).stdout)
    assert told["enrolled"] is False


def test_enrol_takes_a_ticket_from_a_file(tmp_path: Path) -> None:
    ticket = tmp_path / "ticket.txt"
    ticket.write_text("vitals-enrol:?url=https%3A%2F%2Flocalhost\n")
    assert "cut short" in hub("enrol", ticket, "--state", tmp_path).stderr


def test_the_uplink_names_a_file_that_is_missing(tmp_path: Path) -> None:
    enrolled(tmp_path, ClinicKeys())
    done = hub("uplink", "--state", tmp_path)
    assert done.returncode == 78
    assert "enrol this hub again" in done.stderr


def test_run_ends_when_one_half_dies_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    enrolled(tmp_path, ClinicKeys())
    halves: list[subprocess.Popen[bytes]] = []

    def start(name: str, _state: Path) -> subprocess.Popen[bytes]:
        script = "raise SystemExit(3)" if name == "uplink" else "import time; time.sleep(60)"
        halves.append(subprocess.Popen([sys.executable, "-c", script]))
        return halves[-1]

    monkeypatch.setattr(run, "_start", start)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with pytest.raises(SystemExit) as ended:
            run.run(state=tmp_path)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert ended.value.code == 1
    assert "uplink ended with status 3" in capsys.readouterr().err
    assert [half.returncode for half in halves] == [-signal.SIGTERM, 3]


def test_run_forwards_sigterm_and_ends_with_zero(tmp_path: Path) -> None:
    enrolled(tmp_path, ClinicKeys())
    script = (
        "import subprocess, sys; from pathlib import Path; from gateway.commands import run\n"
        "wait = 'import os, time; os.write(1, b\"1\\\\n\"); time.sleep(60)'\n"
        "sleep = [sys.executable, '-c', wait]\n"
        "run._start = lambda name, state: subprocess.Popen(sleep)\n"
        "run.run(state=Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert [child.stdout.readline(), child.stdout.readline()] == [b"1\n", b"1\n"]
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
        wait_until(lambda: child.poll() is not None)
