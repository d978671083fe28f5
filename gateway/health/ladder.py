"""What to do about a radio that fails, and when: the mildest measure that is not used up.

Pure: time is a parameter, in seconds of any steady clock. Never preventive: nothing is taken but
on a failure, and nothing at all while a device is connected.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from cloud_sync.contract.observation import Received

DAY_S = 86_400.0
EPISODE_S = 3_600.0  # after so long without a failure, the next one begins at the bottom again
# BlueZ forgets an unpaired device three minutes after it was last heard; act before that.
SILENT_SCANNER_S = 90.0
SILENT_ADAPTER_S = 120.0
LONELY_MAX = 64  # a house where nothing advertises for hours is no fault: ask ever less often


class Rung(IntEnum):
    """Mildest first. From USB_RESET on they need rights the collector does not have."""

    RETRY = 1
    SCANNER_RESTART = 2
    STOP_DISCOVERY = 3
    ADAPTER_POWER = 4
    USB_RESET = 5
    BLUETOOTHD_RESTART = 6
    REBOOT = 7


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How long a measure is given to work before the next one, and how often it may be taken."""

    cool_down_s: float
    per_day: int


LIMITS: Mapping[Rung, Limit] = {
    Rung.RETRY: Limit(cool_down_s=5, per_day=288),
    Rung.SCANNER_RESTART: Limit(cool_down_s=15, per_day=96),
    Rung.STOP_DISCOVERY: Limit(cool_down_s=15, per_day=48),
    Rung.ADAPTER_POWER: Limit(cool_down_s=60, per_day=24),
    Rung.USB_RESET: Limit(cool_down_s=120, per_day=8),
    Rung.BLUETOOTHD_RESTART: Limit(cool_down_s=900, per_day=4),
    Rung.REBOOT: Limit(cool_down_s=900, per_day=1),
}


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A measure taken earlier, `age_s` seconds ago: by this process or one before it."""

    rung: Rung
    age_s: float


class Ladder:
    """One radio's measures. What is up to `top` may be taken; what is above it never.

    Within an episode, from a first failure to the next success, the rungs only go up; a rung is
    left out where its day's budget is spent or the failure itself begins above it. When the last
    one is spent it begins anew from the bottom.
    """

    def __init__(
        self,
        *,
        now: float,
        taken: Iterable[Taken] = (),
        limits: Mapping[Rung, Limit] = LIMITS,
        top: Rung = Rung.REBOOT,
    ) -> None:
        self._limits, self._top = limits, top
        self._taken: dict[Rung, list[float]] = {rung: [] for rung in Rung}
        for each in taken:
            self._taken[each.rung].append(now - each.age_s)
        self._next = Rung.RETRY
        self._free_at = self._failed_at = now
        last = max(Rung, key=self._newest)
        if self._newest(last) > now - EPISODE_S:  # an episode that this process was born into
            self._next = Rung(last + 1) if last < Rung.REBOOT else Rung.RETRY
            self._free_at = self._newest(last) + limits[last].cool_down_s

    def failed(
        self,
        now: float,
        *,
        link_up: bool,
        at_least: Rung = Rung.RETRY,
        at_most: Rung = Rung.REBOOT,
    ) -> Rung | None:
        """The measure to take now, counted as taken; None where it is time to wait."""
        if now - self._failed_at >= EPISODE_S:
            self._next = Rung.RETRY
        self._failed_at = now
        if link_up or now < self._free_at:
            return None
        at_most = min(at_most, self._top)
        rung = self._first_within(max(self._next, at_least), at_most, now)
        if rung is None:
            rung = self._first_within(at_least, at_most, now)
        if rung is None:
            return None
        self._taken[rung].append(now)
        self._free_at = now + self._limits[rung].cool_down_s
        self._next = Rung(rung + 1) if rung < Rung.REBOOT else Rung.RETRY
        return rung

    def succeeded(self) -> None:
        """The radio works: the next failure begins at the bottom. Budgets stay spent."""
        self._next = Rung.RETRY

    def wait_s(self, now: float) -> float:
        """How long until a measure may be taken again."""
        return max(0.0, self._free_at - now)

    def taken_today(self, rung: Rung, now: float) -> int:
        self._taken[rung] = [at for at in self._taken[rung] if now - at < DAY_S]
        return len(self._taken[rung])

    def _first_within(self, lowest: Rung, highest: Rung, now: float) -> Rung | None:
        for rung in Rung:
            allowed = lowest <= rung <= highest
            if allowed and self.taken_today(rung, now) < self._limits[rung].per_day:
                return rung
        return None

    def _newest(self, rung: Rung) -> float:
        return max(self._taken[rung], default=float("-inf"))


class Silence:
    """Notices that nothing is heard any more; armed by the first advertisement with a payload.

    Each measure that changed nothing doubles the patience: most likely nobody is there to hear.
    """

    def __init__(self) -> None:
        self._since: float | None = None
        self._patience = 1
        self._restarted = False

    def heard(self, now: float) -> None:
        self._since, self._patience, self._restarted = now, 1, False

    def busy(self, now: float) -> None:
        """A device is connected: adapters hear little meanwhile."""
        if self._since is not None:
            self._since = now

    def due(self, now: float) -> Rung | None:
        """The rung from which on something is to be done about the silence."""
        if self._since is None:
            return None
        silent_s = (now - self._since) / self._patience
        if silent_s >= SILENT_ADAPTER_S and self._restarted:
            return Rung.ADAPTER_POWER
        if silent_s >= SILENT_SCANNER_S and not self._restarted:
            return Rung.SCANNER_RESTART
        return None

    def acted(self, rung: Rung, now: float) -> None:
        if rung < Rung.ADAPTER_POWER:
            self._restarted = True
        else:
            self._since, self._restarted = now, False
            self._patience = min(2 * self._patience, LONELY_MAX)

    def seconds(self, now: float) -> float:
        return 0.0 if self._since is None else now - self._since


def elapsed_s(then: Received, now: Received) -> float:
    """Seconds between two moments; where no clock can tell, the least it can have been.

    A budget that rests on this holds however often the hub restarts and whatever its wall clock
    says: across a boot without true time, only the time since that boot counts.
    """
    since_boot = now.monotonic_ms / 1000
    if then.boot == now.boot:
        return (now.monotonic_ms - then.monotonic_ms) / 1000
    if then.synchronised and now.synchronised:
        return max(since_boot, (now.wall_ms - then.wall_ms) / 1000)
    return since_boot
