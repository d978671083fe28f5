"""One conversation with one device as a pure machine: what to write, in what order, when it ends.

No socket, clock, disk or event loop here: events go in, actions come out.
"""

from gateway.profiles import Profile
from gateway.sessions.push import PushSession
from gateway.sessions.racp import RacpSession
from gateway.sessions.setting import SettingSession
from gateway.sessions.steps import Session
from gateway.sessions.time_first import TimeFirstPairing, TimeFirstSession


def session_for(profile: Profile, *, last_kept: int | None) -> Session:
    """The conversation this profile asks for; `last_kept` is the device's last kept record."""
    match profile.session.machine:
        case "push":
            return PushSession(profile)
        case "time_first":
            return TimeFirstSession(profile)
        case "racp":
            return RacpSession(profile, last_kept=last_kept)


def pairing_session_for(profile: Profile) -> Session:
    """The conversation that ends a pairing: nothing is fetched in it."""
    if profile.session.machine == "time_first":
        return TimeFirstPairing()
    return SettingSession(profile.clock)
