"""What is measured on: a real clinic with its broker, and hubs enrolled by the real commands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cloud_sync.contract.observation import Observation, observe
from gateway.config import HubConfig, load
from tests.demo.stage import Stage, init_clinic, run, start_clinic
from tests.faults.feeder import record


class Ground:
    """A running `vitals-clinic serve` and what was enrolled with it."""

    def __init__(self, directory: Path) -> None:
        self.stage = Stage(directory, zone="America/Denver")
        self.directory = directory

    def enrol(self, name: str) -> HubConfig:
        """A new hub by ticket, as a technician does it."""
        state = self.directory / "hubs" / name
        ticket = run("-m", "cloud_sync.cli", "hub", "add", str(self.stage.clinic), name).strip()
        run("-m", "gateway.cli", "enrol", ticket, "--state", str(state))
        return load(state)

    @property
    def worker_port(self) -> int:
        return int(self.stage.settings()["worker_port"])

    @property
    def database(self) -> Path:
        return self.stage.clinic / "clinic.db"


@contextmanager
def prepared(directory: Path) -> Iterator[Ground]:
    """The clinic runs for the length of the block."""
    ground = Ground(directory)
    init_clinic(ground.stage)
    try:
        start_clinic(ground.stage)
        yield ground
    finally:
        ground.stage.stop()


def reading(hub: str, number: int) -> Observation:
    """A meter's numbered record as the collector would keep it."""
    frame, outcome = record(number)
    return observe(hub, frame, outcome, "bench")
