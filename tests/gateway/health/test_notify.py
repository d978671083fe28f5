"""What a supervisor hears on a real datagram socket, and what it does not from a stalled loop."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.health.notify import Notifier, Watchdog, watched

LIMITS = {"tend": 10.0, "talk": 100.0}


class Supervisor:
    """systemd's end of the socket, and a clock in its hand."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self.now = 0.0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "notify")
    yield made
    made.close()


@pytest.fixture
def dog(supervisor: Supervisor) -> Iterator[Watchdog]:
    notifier = Notifier(supervisor.address)
    yield Watchdog(notifier, LIMITS, clock=lambda: supervisor.now, period_s=60.0)
    notifier.close()


def test_ready_comes_when_every_loop_was_heard_of(supervisor: Supervisor, dog: Watchdog) -> None:
    dog.progress("tend")
    assert supervisor.heard() == []
    dog.rest("talk")
    assert supervisor.heard() == ["READY=1", "WATCHDOG=1"]


def test_pings_come_no_oftener_than_four_in_a_period(supervisor: Supervisor, dog: Watchdog) -> None:
    dog.rest("talk")
    for second in range(61):
        supervisor.now = float(second)
        dog.progress("tend")
    assert supervisor.heard() == ["READY=1", *["WATCHDOG=1"] * 5]


def test_a_stalled_loop_silences_the_process_however_busy_the_others_are(
    supervisor: Supervisor, dog: Watchdog
) -> None:
    dog.progress("tend")
    dog.progress("talk")  # a conversation that never ends
    supervisor.heard()
    pings_at = []
    for second in range(5, 400, 5):
        supervisor.now = float(second)
        dog.progress("tend")
        pings_at += [second for line in supervisor.heard() if line == "WATCHDOG=1"]
    assert max(pings_at) <= 100
    assert len(pings_at) >= 6
    dog.rest("talk")  # it ended after all
    assert supervisor.heard() == ["WATCHDOG=1"]


def test_no_loop_at_all_is_no_ping_because_there_is_no_timer(
    supervisor: Supervisor, dog: Watchdog
) -> None:
    dog.progress("tend")
    dog.rest("talk")
    supervisor.heard()
    supervisor.now = 500.0
    assert supervisor.heard() == []


def test_work_is_reported_after_it_was_done_and_not_when_it_failed(
    supervisor: Supervisor, dog: Watchdog
) -> None:
    dog.rest("talk")

    def work(number: int) -> int:
        return 10 // number

    reported = dog.after("tend", work)
    with pytest.raises(ZeroDivisionError):
        reported(0)
    assert supervisor.heard() == []
    assert reported(5) == 2
    assert supervisor.heard() == ["READY=1", "WATCHDOG=1"]


def test_the_environment_names_the_socket_and_the_end_is_told(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", supervisor.address)
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    with watched(LIMITS) as dog:
        dog.status("two\nlines")
    assert supervisor.heard() == ["STATUS=two lines", "STOPPING=1"]


def test_without_a_supervisor_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with watched(LIMITS) as dog:
        dog.rest("talk")
        dog.progress("tend")


def test_a_supervisor_that_went_is_no_fault_of_ours(supervisor: Supervisor, dog: Watchdog) -> None:
    supervisor.close()
    dog.rest("talk")
    dog.progress("tend")
