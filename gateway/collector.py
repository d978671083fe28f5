"""The collector: listens for the hub's devices, talks to one at a time, keeps what they say.

No network here. A frame is decoded, sealed and committed before the radio goes on.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cloud_sync.contract.observation import Frame, Observation, Received, observe
from cloud_sync.contract.readings import Outcome
from gateway.buffer.devices import Device, DeviceStore, InUseError
from gateway.conversation import converse, decode_as
from gateway.health.clock import HubClock, SystemClock
from gateway.porch import Porch, may_speak_first
from gateway.profiles import find
from gateway.sessions import session_for
from gateway.sessions.link import Link, LinkError, Sighting
from gateway.sessions.steps import Keep

_EX_TEMPFAIL = 75  # sysexits.h: try again later
RADIO_RETRY_SECONDS = 5.0
SETTLE_SECONDS = 5.0
RECORD_CONTROL = "2A52"
_log = logging.getLogger(__name__)


class CollectorRadio(Protocol):
    """The part of `links.ble.Radio` used here."""

    async def listen(self, on_sighting: Callable[[Sighting], None]) -> None: ...

    async def attend(
        self, devices: frozenset[str], stray: Callable[[str, str, bytes], None]
    ) -> None: ...

    def connect(self, sighting: Sighting) -> AbstractAsyncContextManager[Link]: ...


class Keeper(Protocol):
    """The part of `buffer.custody.Custody` that is tended to."""

    def settle(self) -> int: ...

    def report(self, received: Received, *, devices: int) -> object: ...


async def collect(  # noqa: PLR0913 - each is an edge that a test puts its own in place of
    *,
    radio: CollectorRadio,
    custody_keep: Callable[[Observation], int],
    settle: Callable[[], int],
    devices: DeviceStore,
    clock: HubClock,
    hub: str,
    software: str,
    hold_off_s: float | None = None,
    settle_every_s: float = SETTLE_SECONDS,
) -> None:
    """Collect until cancelled. `custody_keep` returns after its commit; a fault of it ends this.

    `hold_off_s` is the rest after a good conversation; without it, 40 s or what the profile says.
    """
    loop = asyncio.get_running_loop()
    porch = Porch((device.id for device in devices.all()), hold_off_s=hold_off_s)
    arrived = asyncio.Event()

    def see(sighting: Sighting) -> None:
        if porch.see(sighting, loop.time()):
            arrived.set()

    def keep(frame: Frame, outcome: Outcome) -> None:
        custody_keep(observe(hub, frame, outcome, software))

    def keep_stray(device: str, channel: str, raw: bytes) -> None:
        known = devices.get(device)
        assert known is not None, "the radio stands for known devices only"
        FrameDesk(known, keep=keep, devices=devices, clock=clock).keep_stray(channel, raw)

    async def serve_all() -> None:
        while True:
            sighting = porch.next(loop.time())
            if sighting is None:
                arrived.clear()
                await arrived.wait()
                continue
            device = devices.get(sighting.device)
            assert device is not None, "the porch lets known devices in only"
            desk = FrameDesk(device, keep=keep, devices=devices, clock=clock)
            result = await _talk(radio, sighting, desk)
            rest_s = desk.profile.session.rest_s
            good = result == "complete"
            porch.done(sighting.device, loop.time(), good=good, rest_s=rest_s)

    async with asyncio.TaskGroup() as group:
        group.create_task(_listen(radio, see))
        group.create_task(radio.attend(_early(devices), keep_stray))
        group.create_task(_settle(settle, settle_every_s))
        group.create_task(serve_all())


class FrameDesk:
    """Where one conversation's frames become observations and are kept."""

    def __init__(
        self,
        device: Device,
        *,
        keep: Callable[[Frame, Outcome], None],
        devices: DeviceStore,
        clock: HubClock,
    ) -> None:
        profile = find(device.profile)
        assert profile is not None, f"no profile {device.profile}: it was there when pairing"
        self.device, self.profile = device, profile
        self._keep, self._devices, self._clock = keep, devices, clock
        self._frames = 0

    def decode(self, channel: str, raw: bytes) -> Outcome:
        return decode_as(self.profile, channel, raw)

    def keep(self, kept: Keep) -> None:
        received = self._clock.received()
        frame = Frame(
            device=self.device.id,
            profile=self.profile.id,
            channel=kept.channel,
            raw=kept.raw,
            received=received,
            arrival=self._devices.next_arrival(received.boot),
            clock=kept.clock,
        )
        self._keep(frame, kept.outcome)
        self._frames += 1

    def keep_stray(self, channel: str, raw: bytes) -> None:
        """What it said before it was asked. Answers of the record control point are no readings."""
        if channel != RECORD_CONTROL:
            outcome = self.decode(channel, raw)
            self.keep(Keep(channel=channel, raw=raw, outcome=outcome, clock=None))
            self.note("complete", "it spoke before it was asked")

    def progress(self, sequence: int) -> None:
        self._devices.note_kept(self.device.id, sequence)

    def note(self, result: str, detail: str) -> None:
        """How it went, for people; neither device nor value is named."""
        _log.info("%s: %s, %d frames %s", self.profile.id, result, self._frames, detail)
        self._devices.note_contact(
            self.device.id,
            at_ms=self._clock.received().wall_ms,
            result=f"{result}: {detail}" if detail else result,
            frames=self._frames,
        )

    def received(self) -> Received:
        return self._clock.received()

    def local(self) -> datetime:
        return self._clock.local()


def _early(devices: DeviceStore) -> frozenset[str]:
    """The devices whose subscription may stand while they are away."""
    known = ((device.id, find(device.profile)) for device in devices.all())
    return frozenset(name for name, profile in known if profile and may_speak_first(profile))


async def _talk(radio: CollectorRadio, sighting: Sighting, desk: FrameDesk) -> str:
    """One conversation, and its result noted; a passing failure is a result too."""
    session = session_for(desk.profile, last_kept=desk.device.last_kept)
    try:
        async with radio.connect(sighting) as link:
            finish = await converse(link, session, desk)
        result, detail = str(finish.result), finish.detail
    except LinkError as error:
        result, detail = "failed", str(error)
    desk.note(result, detail)
    return result


async def _listen(radio: CollectorRadio, on_sighting: Callable[[Sighting], None]) -> None:
    """Listen for ever: a radio that is not there yet, or went, is tried again."""
    while True:
        try:
            await radio.listen(on_sighting)
        except LinkError as error:
            _log.warning("radio: %s", error)
            await asyncio.sleep(RADIO_RETRY_SECONDS)


async def _settle(settle: Callable[[], int], every_s: float) -> None:
    while True:
        settle()
        await asyncio.sleep(every_s)


async def until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run this until SIGTERM or SIGINT; links are closed before it returns."""
    task = asyncio.get_running_loop().create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main(state_dir: Path) -> None:
    """Collect on this machine's own Bluetooth until stopped."""
    from gateway.buffer.custody import open_custody
    from gateway.config import load, software
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez

    config = load(state_dir)
    clock = SystemClock()
    with closing(open_custody(config)) as custody, closing(store_of(config.collector)) as devices:
        work = collect(
            radio=Radio(bluez=Bluez()),
            custody_keep=custody.keep,
            settle=tending(custody, devices, clock),
            devices=devices,
            clock=clock,
            hub=custody.hub,
            software=software(),
        )
        asyncio.run(until_stopped(work))


def store_of(directory: Path) -> DeviceStore:
    """The device store of a collector directory; a process that is there already ends this one."""
    try:
        return DeviceStore(directory / "devices.db")
    except InUseError as error:
        _log.critical("%s", error)
        raise SystemExit(_EX_TEMPFAIL) from error


def tending(custody: Keeper, devices: DeviceStore, clock: HubClock) -> Callable[[], int]:
    """What is done every few seconds: apply receipts, then state how things are."""

    def tend() -> int:
        fresh = custody.settle()
        custody.report(clock.received(), devices=len(devices.all()))
        return fresh

    return tend
