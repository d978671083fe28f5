"""When the hub writes down the true time: at each synchronisation of its clock, and daily. Pure.

A reading is sealed with the clocks as they were and never rewritten; what the hub learns later
about its time goes to the clinic as an anchor.
"""

from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.observation import Received

DAY_MS = 86_400_000
STEP_MS = 1_000  # beyond drift, a difference of this much says the clock was set
# A bound for a clock that is called synchronised and says no more, as by systemd-timesyncd's flag.
UNSTATED_ERROR_MS = 5_000
_DRIFT_PER_MS = 10_000  # 100 ppm


class AnchorLog:
    """What was anchored last, in this process; the next anchor where one is due."""

    def __init__(self, software: str) -> None:
        self._software = software
        self._last: TimeAnchor | None = None

    def due(self, now: Received) -> TimeAnchor | None:
        """The anchor to seal at this moment, or None. Call `sealed` once it is committed."""
        if not now.synchronised:
            self._last = None  # the next synchronisation is a new one
            return None
        if self._last is not None and not _says_more(self._last, now):
            return None
        return TimeAnchor(
            boot=now.boot,
            monotonic_ms=now.monotonic_ms,
            wall_ms=now.wall_ms,
            error_ms=UNSTATED_ERROR_MS if now.error_ms is None else now.error_ms,
            software=self._software,
        )

    def sealed(self, anchor: TimeAnchor) -> None:
        self._last = anchor


def _says_more(last: TimeAnchor, now: Received) -> bool:
    """Another boot, a day gone by, or a wall clock that was set meanwhile."""
    elapsed_ms = now.monotonic_ms - last.monotonic_ms
    if now.boot != last.boot or elapsed_ms >= DAY_MS:
        return True
    step_ms = abs(now.wall_ms - last.wall_ms - elapsed_ms)
    return step_ms > STEP_MS + last.error_ms + elapsed_ms // _DRIFT_PER_MS
