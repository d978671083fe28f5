"""Opens closed months again within seconds of the fact that changed them; a thread of `serve`."""

from collections.abc import Callable
from threading import Event

from cloud_sync.ledger import reopening
from cloud_sync.ledger.engine import Store

_SWEEP_SECONDS = 2.0


class Reopener:
    """Works through the queue of marked months until `stop`."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self._store = store
        self._clock = clock
        self._stopped = Event()

    def work(self) -> int:
        """One round, a short transaction for each patient; how many months were opened again."""
        with self._store.read() as db:
            patients = reopening.pending(db)
        opened = 0
        for patient_id in patients:
            if self._stopped.is_set():
                break
            with self._store.write() as db:
                opened += reopening.settle(db, patient_id, self._clock())
        return opened

    def run(self) -> None:
        """Round after round. An error in here must end the process."""
        while not self._stopped.wait(_SWEEP_SECONDS):
            self.work()

    def stop(self) -> None:
        """Let `run` return."""
        self._stopped.set()
