"""Whether a device has forgotten its bond with this hub, told from how attempts ended. Pure.

A stale bond has no error of its own on most BlueZ versions: a bonded device advertises, loudly,
and will not connect. Nothing here deletes a bond: outside pairing mode only a person beside the
device can make a new one.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

Ending = Literal["connected", "no_answer", "key_missing", "dropped", "other"]
Suspicion = Literal["none", "likely", "certain"]

SILENT_ATTEMPTS = 2  # in a row, of a device that is near
NEAR_RSSI = -85  # dBm; below it a device may simply be too far away
_SIGNS: tuple[tuple[Ending, tuple[str, ...]], ...] = (
    # BlueZ 5.83 and later say it outright
    ("key_missing", ("key-missing", "Reason.Authentication", "AuthenticationFailed")),
    ("no_answer", ("no answer in time", "le-connection-abort-by-local")),
    ("dropped", ("disconnected", "failed to discover services")),
)


class Tried(Protocol):
    """An attempt to connect to a device that advertised."""

    @property
    def ended(self) -> str: ...

    @property
    def rssi(self) -> int: ...


def ending(fault: str) -> Ending:
    """How an attempt ended, by the text of its fault."""
    for found, signs in _SIGNS:
        if any(sign in fault for sign in signs):
            return found
    return "other"


def suspicion(newest_first: Sequence[Tried]) -> Suspicion:
    """What the attempts since the last connection say about the bond."""
    silent = 0
    for tried in newest_first:
        if tried.ended == "connected":
            break
        if tried.ended == "key_missing":
            return "certain"
        silent += tried.ended == "no_answer" and tried.rssi >= NEAR_RSSI
    return "likely" if silent >= SILENT_ATTEMPTS else "none"
