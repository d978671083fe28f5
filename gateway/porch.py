"""Who waits at the hub's door: which device is spoken to next, and who is left alone how long.

Pure: time is a parameter, in seconds of any steady clock.
"""

from collections.abc import Iterable

from gateway.profiles import Profile
from gateway.sessions.link import Sighting

# A&D cuffs reconnect in loops when they are spoken to again too soon (weliem/blessed-bluez).
HOLD_OFF_SECONDS = 40.0
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)  # a cuff advertises for about a minute
STALE_SECONDS = 10.0  # an older advertisement says nothing about now


def may_speak_first(profile: Profile) -> bool:
    """Whether a subscription to this device may stand while it is away.

    BlueZ then enables it at each connect before anything else; A&D's devices want their clock
    first, on every connection, and wait for it (A&D sample code).
    """
    return profile.clock.way != "date_time_2a08"


class Porch:
    """The known devices that advertise, first come first served.

    `hold_off_s` is the rest after a good conversation; without it, 40 s or what the profile says.
    """

    def __init__(self, known: Iterable[str], *, hold_off_s: float | None) -> None:
        self._known = frozenset(known)
        self._hold_off_s = hold_off_s
        self._waiting: dict[str, tuple[float, Sighting]] = {}
        self._rests_until: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def see(self, sighting: Sighting, now: float) -> bool:
        """An advertisement; whether its device may come in."""
        device = sighting.device
        if device not in self._known or now < self._rests_until.get(device, now):
            return False
        self._waiting[device] = (now, sighting)
        return True

    def next(self, now: float) -> Sighting | None:
        """The device that was first to wait, if it was heard of lately."""
        while self._waiting:
            seen_at, sighting = self._waiting.pop(next(iter(self._waiting)))
            if now - seen_at < STALE_SECONDS:
                return sighting
        return None

    def done(self, device: str, now: float, *, good: bool, rest_s: float) -> None:
        """Rest after a good conversation; try again soon, then less soon, after a bad one."""
        self._waiting.pop(device, None)
        if good:
            self._failures.pop(device, None)
            usual = max(HOLD_OFF_SECONDS, rest_s)
            pause = usual if self._hold_off_s is None else self._hold_off_s
        else:
            failures = self._failures.get(device, 0)
            self._failures[device] = failures + 1
            pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
        self._rests_until[device] = now + pause
