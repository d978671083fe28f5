"""`vitals-hub collect`, `uplink`, `run`: the hub's two processes, alone or together."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gateway import process
from gateway.config import DEFAULT_STATE, NotEnrolled, load

State = Annotated[Path, Parameter(help="the hub's state directory")]
_STOP_SECONDS = 15


def collect(*, state: State = DEFAULT_STATE) -> None:
    """Read the meters, seal each reading, keep it until the clinic has it.

    Runs until stopped. Has no need of a network: sending is the uplink's work.

    Example: `vitals-hub collect --state /var/lib/vitals`
    """
    process.become("collector", state)


def uplink(*, state: State = DEFAULT_STATE) -> None:
    """Send sealed readings to the clinic and take its receipts.

    Runs until stopped. Sees only sealed readings, which nothing on this hub can open.

    Example: `vitals-hub uplink --state /var/lib/vitals`
    """
    process.become("uplinker", state)


def run(*, state: State = DEFAULT_STATE) -> None:
    """Run collector and uplink side by side: for a bench or a demonstration.

    Ends when either ends, and says which; an installed hub runs them as two services.

    Example: `vitals-hub run --state /var/lib/vitals`
    """
    _enrolled(state)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = {name: _start(name, state) for name in ("collect", "uplink")}
    while not stopping and all(child.poll() is None for child in children.values()):
        time.sleep(0.1)
    ended = {name: child.returncode for name, child in children.items() if child.poll() is not None}
    for child in children.values():
        _stop(child)
    if not stopping:
        name, code = next(iter(ended.items()))
        process.fail(
            f"{name} ended with status {code}; both are stopped. Its last words are above.", 1
        )


def _enrolled(state: Path) -> None:
    try:
        load(state)
    except NotEnrolled as error:
        process.fail(str(error), process.EX_CONFIG)


def _start(name: str, state: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateway.cli", name, "--state", str(state)]
    return subprocess.Popen(command, start_new_session=True)  # noqa: S603  our own program


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
