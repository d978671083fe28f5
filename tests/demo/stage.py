"""The stage: where the demo keeps its things, and the four programs that play on it."""

import json
import secrets
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, Child, free_port, listening, wait_until

START_SECONDS = 40
PREFERRED = {"web_port": 8443, "local_web_port": 8080, "broker_port": 8883, "worker_port": 8884}


class DemoError(Exception):
    """Something the person at the terminal must know; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Radio:
    """Where the virtual home can be reached, as it said itself."""

    address: str
    control: str
    clock: Path
    passkey: str
    cuff: str  # device id at the clinic
    meter: str


class Stage:
    """One directory, kept between runs, so that a second run goes on where the first stopped."""

    def __init__(self, directory: Path, *, zone: str) -> None:
        self.directory = directory
        self.zone = zone
        self.clinic = directory / "clinic"
        self.hub = directory / "hub"
        self.home = directory / "home"
        self.login = directory / "login.json"
        self.logs = directory / "logs"
        for folder in (self.home, self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        self.children: list[Child] = []

    @property
    def first_run(self) -> bool:
        return not self.login.exists()

    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.clinic / "clinic.toml").read_text())

    @property
    def page(self) -> str:
        return f"http://localhost:{self.settings()['local_web_port']}"

    def logins(self) -> dict[str, str]:
        """Password by user name."""
        found: dict[str, str] = json.loads(self.login.read_text())
        return found

    def start(self, name: str, *command: str) -> Child:
        child = Child(name, [sys.executable, *command], self.logs / f"{name}.log")
        child.start()
        self.children.append(child)
        return child

    def stop(self) -> None:
        """Hub first, so that nothing is sent into the void; then the clinic; then the radio."""
        order = {"collector": 0, "uplink": 1, "clinic": 2, "radio": 3}
        for child in sorted(self.children, key=lambda c: order[c.name]):
            child.stop()

    def fallen(self) -> Child | None:
        """A program that ended although nobody asked it to."""
        return next((child for child in self.children if not child.alive), None)


def run(*command: str) -> str:
    """One of the product's own commands, to its end; DemoError with its words if it fails."""
    ran = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise DemoError(f"{' '.join(command)} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def init_clinic(stage: Stage) -> None:
    """`vitals-clinic init`, with ports that are free on this machine."""
    ports = {name: _port(preferred) for name, preferred in PREFERRED.items()}
    flags = [part for name, port in ports.items() for part in (_flag(name), str(port))]
    logins = {name: "-".join(secrets.token_hex(3) for _ in range(3)) for name in ("admin", "nurse")}
    with _secret(stage.directory / "password", logins["admin"]) as file:
        run(
            "-m", "cloud_sync.cli", "init", str(stage.clinic),
            "--name", "Lakeside Clinic (demo)",
            "--zone", stage.zone,
            "--host", "localhost",
            "--bind", "127.0.0.1",
            "--admin-password-file", str(file),
            *flags,
        )  # fmt: skip
    with _secret(stage.directory / "password", logins["nurse"]) as file:
        run(
            "-m", "cloud_sync.cli", "staff", "add", str(stage.clinic), "nurse",
            "--name", "Nora Nurse RN",
            "--role", "clinician",
            "--billing-role", "clinical_staff",
            "--password-file", str(file),
        )  # fmt: skip
    stage.login.touch(mode=0o600)
    stage.login.write_text(json.dumps(logins))


@contextmanager
def _secret(path: Path, text: str) -> Iterator[Path]:
    """A password in a file only the owner reads, gone afterwards."""
    path.touch(mode=0o600)
    path.write_text(text)
    try:
        yield path
    finally:
        path.unlink()


def start_clinic(stage: Stage) -> None:
    ports = [stage.settings()[name] for name in PREFERRED]
    if any(listening(port) for port in ports):
        raise DemoError(f"Something answers at {ports}: end the demo that still runs first.")
    child = stage.start("clinic", "-m", "cloud_sync.cli", "serve", str(stage.clinic))

    def up() -> bool:
        return not child.alive or all(listening(port) for port in ports)

    if not wait_until(up, START_SECONDS) or not child.alive:
        raise DemoError(f"the clinic did not start; its last words:\n{child.last_words()}")


def start_radio(stage: Stage, *options: str) -> Radio:
    log = stage.logs / "radio.log"
    log.unlink(missing_ok=True)
    command = ["-m", "tests.virtual.radio", "--state", str(stage.home), "--zone", stage.zone]
    child = stage.start("radio", *command, *options)
    if not wait_until(lambda: not child.alive or "\n" in log.read_text(), START_SECONDS):
        raise DemoError("the virtual radio says nothing")
    lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
    if not lines:
        raise DemoError(f"the virtual radio did not start:\n{child.last_words()}")
    said = json.loads(lines[0])
    return Radio(
        address=said["radio"],
        control=said["control"],
        clock=Path(said["clock"]),
        passkey=said["passkey"],
        cuff=_device_id(said["cuff"]["address"]),
        meter=_device_id(said["meter"]["address"]),
    )


def start_hub(stage: Stage, radio: Radio) -> None:
    stage.start("uplink", "-m", "gateway.cli", "uplink", "--state", str(stage.hub))
    stage.start(
        "collector", "-m", "tests.virtual.collect",
        "--hub", str(stage.hub),
        "--radio", radio.address,
        "--clock", str(radio.clock),
        "--passkey", radio.passkey,
    )  # fmt: skip


def tell(radio: Radio, **order: object) -> dict[str, Any]:
    """One order to the virtual home."""
    host, port = radio.control.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as line, line.makefile("rw") as io:
        io.write(json.dumps(order) + "\n")
        io.flush()
        answer: dict[str, Any] = json.loads(io.readline())
    return answer


def _port(preferred: int) -> int:
    return free_port() if listening(preferred) else preferred


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _device_id(address: str) -> str:
    return "ble:" + address.split("/", maxsplit=1)[0].replace(":", "").lower()
