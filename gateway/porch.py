"""Who waits at the hub's door: which device is spoken to next, and who is left alone how long.

Pure: time is a parameter, in seconds of any steady clock.
"""

from collections.abc import Iterable, Mapping

from gateway.profiles import Profile
from gateway.sessions.link import Sighting, Watch

# A&D cuffs reconnect in loops when they are spoken to again too soon (weliem/blessed-bluez).
HOLD_OFF_SECONDS = 40.0
RETRY_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)  # a cuff advertises for about a minute
STALE_SECONDS = 10.0  # an older advertisement says nothing about now
# The service by which BlueZ tells what may be connected in the background (Assigned Numbers 3.4).
_SERVICES = {
    "blood_pressure": "1810",
    "glucose": "1808",
    "pulse_oximetry": "1822",
    "temperature": "1809",
    "weight": "181D",
}


def may_speak_first(profile: Profile) -> bool:
    """Whether a subscription to this device may stand while it is away.

    BlueZ then enables it at each connect before anything else; A&D's devices want their clock
    first, on every connection, and wait for it (A&D sample code).
    """
    return profile.clock.way != "date_time_2a08"


def watch_for(devices: Mapping[str, Profile], *, background: bool) -> Watch:
    """How these devices are attended to while away; `background` is the hub's setting.

    bluetoothd connects by service, so one that not all of the hub's devices of that service want
    to be connected by stays out.
    """
    early = {device for device, profile in devices.items() if may_speak_first(profile)}
    called = {device for device in early if background and devices[device].link.background}
    against = {_SERVICES[p.kind] for device, p in devices.items() if device not in called}
    called = {device for device in called if _SERVICES[devices[device].kind] not in against}
    return Watch(
        known=frozenset(devices),
        devices=frozenset(early),
        called=frozenset(called),
        services=frozenset(_SERVICES[devices[device].kind] for device in called),
    )


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
        self._visit: dict[str, int] = {}  # that each was last spoken to in
        self._aside: str | None = None

    def admit(self, known: Iterable[str]) -> None:
        """These devices are known from now on, and no others."""
        self._known = frozenset(known)

    def set_aside(self, device: str | None) -> None:
        """Somebody else sees to this device meanwhile; None: nobody does any longer."""
        self._aside = device

    def see(self, sighting: Sighting, now: float) -> bool:
        """An advertisement; whether its device may come in.

        A device that came by itself, and was spoken to, is left standing until it comes again.
        """
        device = sighting.device
        if device not in self._known or device == self._aside:
            return False
        if now < self._rests_until.get(device, now):
            return False
        if sighting.visit and sighting.visit == self._visit.get(device):
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

    def done(self, device: str, now: float, *, good: bool, rest_s: float, visit: int = 0) -> None:
        """Rest after a good conversation; try again soon, then less soon, after a bad one."""
        self._waiting.pop(device, None)
        if good:
            self._failures.pop(device, None)
            self._visit[device] = visit
            usual = max(HOLD_OFF_SECONDS, rest_s)
            pause = usual if self._hold_off_s is None else self._hold_off_s
        else:
            failures = self._failures.get(device, 0)
            self._failures[device] = failures + 1
            pause = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
        self._rests_until[device] = now + pause
