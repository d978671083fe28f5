"""What a driver needs of a radio: sightings of devices, and a link to one of them."""

from collections.abc import Callable
from typing import Protocol

import msgspec

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


class RadioRefusedError(RadioUnavailableError):
    """A radio that must not be used as it is; nothing that the hub could restart changes that."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One advertisement. `handle` belongs to the radio that saw it."""

    device: str
    local_name: str | None
    service_uuids: tuple[str, ...]
    rssi: int
    handle: object
    has_payload: bool = True  # an empty advertisement does not prove that the radio hears


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
