"""Takes a checkpoint of the ledger each hour: signs it and keeps it outside the database too.

Once a day each chosen time-stamp authority is asked for its word on the newest one.
"""

from collections.abc import Callable
from threading import Event

from cloud_sync.config import ClinicConfig
from cloud_sync.identity import checkpoint
from cloud_sync.ledger import checkpoints
from cloud_sync.ledger.engine import Store
from cloud_sync.stamping import Stamper

HOUR_SECONDS = 3600.0


class Anchor:
    """The only holder of the checkpoint key."""

    def __init__(self, config: ClinicConfig, store: Store, clock: Callable[[], int]) -> None:
        self._directory = config.directory
        self._store = store
        self._clock = clock
        self._signer = checkpoint.load_signer(config.directory, config.clinic_id)
        self._stamper = Stamper(config, store, clock)
        self._stopped = Event()

    def take(self) -> str | None:
        """A checkpoint now; None where nothing is recorded yet."""
        note = checkpoints.take(self._store, self._signer.sign, self._clock())
        if note is not None:
            checkpoint.keep(self._directory, note)
        return note

    def run(self) -> None:
        """One at the start and one each hour, until `stop`."""
        while True:
            self.take()
            self._stamper.take()
            if self._stopped.wait(HOUR_SECONDS):
                return

    def stop(self) -> None:
        """Let `run` return."""
        self._stopped.set()
