"""Pair one device, as a technician does with it in hand: find it, bond, set its clock, let go.

Takes radio, store and clock as parameters; the same for BlueZ and a virtual radio.
"""

import asyncio
from collections.abc import Callable, Container
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol

import msgspec

from cloud_sync.contract.observation import Received
from cloud_sync.contract.readings import Outcome
from gateway.conversation import Clocks, converse, decode_as
from gateway.profiles import Profile, match
from gateway.sessions import pairing_session_for
from gateway.sessions.answers import Answers, Typed
from gateway.sessions.link import Link, LinkError, Sighting
from gateway.sessions.steps import Keep

WINDOW_SECONDS = 120.0
Wanted = Callable[[Sighting, Profile], bool]


class PairingRadio(Protocol):
    """The part of `links.ble.Radio` used here."""

    async def listen(self, on_sighting: Callable[[Sighting], None]) -> None: ...

    def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AbstractAsyncContextManager[Link]: ...

    async def forget(self, sighting: Sighting) -> None: ...


class PairingStore(Protocol):
    """The part of `buffer.devices.DeviceStore` used here."""

    def pair(self, device: str, *, profile: str, name: str, at_ms: int) -> None: ...


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """A bond. It is proven only by a reading that arrives over it."""

    device: str
    profile: Profile
    name: str


class NothingFoundError(Exception):
    """No supported device was seen in time: put it into pairing mode and try again."""


def wanted_by(device: str | None, profile: str | None, *, known: Container[str]) -> Wanted:
    """What a technician asked for. One that the hub has already must be asked for by its id."""

    def wanted(sighting: Sighting, found: Profile) -> bool:
        if device is not None:
            return sighting.device == device and profile in {None, found.id}
        return sighting.device not in known and profile in {None, found.id}

    return wanted


async def pair_device(  # noqa: PLR0913 - three edges, and what a person decides
    radio: PairingRadio,
    devices: PairingStore,
    clock: Clocks,
    *,
    wanted: Wanted,
    answers: Answers | None = None,
    again: bool = False,
    window_s: float = WINDOW_SECONDS,
    tell: Callable[[str], None] = lambda _words: None,
) -> Paired:
    """Bond with the first wanted device seen. No retries: a person stands beside it.

    `answers` speaks for the device, except where its profile states the one PIN of its maker.
    `again` deletes an old bond first; only a person may ask for that. `tell` gets words for that
    person. Raises NothingFoundError, or LinkError where the device refuses.
    """
    until = asyncio.get_running_loop().time() + window_s
    sighting, profile = await _find(radio, wanted, until)
    if again:
        await radio.forget(sighting)
        sighting, profile = await _find(radio, wanted, until)
    tell(f"{sighting.local_name or profile.label} is here; pairing.")
    if profile.link.pin is not None:
        answers = Typed(profile.link.pin)
    async with radio.connect(sighting, pair=True, answers=answers) as link:
        finish = await converse(link, pairing_session_for(profile), _ClockDesk(profile, clock))
        if finish.result != "complete":
            raise LinkError("the device hung up before pairing was complete")
    name = sighting.local_name or profile.label
    at_ms = clock.received().wall_ms
    devices.pair(sighting.device, profile=profile.id, name=name, at_ms=at_ms)
    return Paired(device=sighting.device, profile=profile, name=name)


async def _find(radio: PairingRadio, wanted: Wanted, until: float) -> tuple[Sighting, Profile]:
    """The first of them by then, in the event loop's time."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[tuple[Sighting, Profile]] = loop.create_future()

    def look(sighting: Sighting) -> None:
        profile = match(sighting.local_name, sighting.service_uuids)
        if isinstance(profile, Profile) and wanted(sighting, profile) and not found.done():
            found.set_result((sighting, profile))

    listening = loop.create_task(radio.listen(look))
    try:
        either: set[asyncio.Future[Any]] = {listening, found}
        left_s = max(0.0, until - loop.time())
        await asyncio.wait(either, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if found.done():
            return found.result()
        if listening.done():
            await listening
        raise NothingFoundError
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


class _ClockDesk:
    """The desk of a conversation that keeps nothing."""

    def __init__(self, profile: Profile, clock: Clocks) -> None:
        self._profile, self._clock = profile, clock

    def decode(self, channel: str, raw: bytes) -> Outcome:
        return decode_as(self._profile, channel, raw)

    def keep(self, kept: Keep) -> None:
        raise AssertionError(f"a clock conversation has nothing to keep on {kept.channel}")

    def progress(self, sequence: int | None) -> None:
        raise AssertionError(f"a clock conversation has no record {sequence}")

    def received(self) -> Received:
        return self._clock.received()

    def local(self) -> datetime:
        return self._clock.local()
