"""What a driver needs of a radio: sightings of devices, and a link to one of them."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec

UNKNOWN_RSSI = 127  # dBm, as the Bluetooth Core Specification (Vol 4, Part E, 7.5.4) has it
OnValue = Callable[[str, bytes], None]


class LinkError(Exception):
    """The radio or the device failed in passing: try again. The text names no device.

    `att_error` is the device's own number for a refusal, where it gave one.
    """

    def __init__(self, reason: str, *, att_error: int | None = None) -> None:
        super().__init__(reason)
        self.att_error = att_error


class RadioUnavailableError(LinkError):
    """There is no radio to speak of: the text says what a person can do about it."""


class RadioMuteError(RadioUnavailableError):
    """Its daemon runs and answers nothing: nothing short of restarting that can help."""


class RadioRefusedError(RadioUnavailableError):
    """A radio that must not be used as it is; nothing that the hub could restart changes that."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One advertisement, or a device that came by itself. `handle` belongs to the radio.

    `visit` numbers the connections that bluetoothd made unasked; 0 is an advertisement.
    """

    device: str
    local_name: str | None
    service_uuids: tuple[str, ...]
    rssi: int
    handle: object
    has_payload: bool = True  # an empty advertisement does not prove that the radio hears
    visit: int = 0


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's devices, `known`, and how each is attended to while it is away.

    Subscriptions to `devices` stand. Those of them in `called` are to be connected at once by
    bluetoothd itself, where it can: it does that for whoever has one of `services`.
    """

    known: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()


def _nothing(_said: str) -> None:
    """Nobody wants to know."""


class Ears(NamedTuple):
    """Who is told what a radio hears beside conversations. A fault of `stray` ends the radio."""

    stray: Callable[[str, str, bytes], None]  # device, channel, value, before anyone asked
    key_missing: Callable[[str], None] = _nothing  # the device that has forgotten its bond
    background: Callable[[str], None] = _nothing  # why bluetoothd will not connect by itself, or ""


class Link(Protocol):
    """An open, encrypted connection. Every operation has its own time limit: LinkError."""

    @property
    def channels(self) -> frozenset[str]: ...

    @property
    def is_up(self) -> bool: ...

    def on_drop(self, callback: Callable[[], None]) -> None: ...

    async def read(self, channel: str) -> bytes: ...

    async def write(self, channel: str, payload: bytes) -> None: ...

    async def subscribe(self, channel: str, on_value: OnValue) -> None: ...
