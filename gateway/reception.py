"""Who comes in at the running collector: its devices, one at a time, or a technician with one."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from cloud_sync.contract.observation import Observation, observe
from gateway.buffer.devices import Device, DeviceStore
from gateway.conversation import converse
from gateway.framedesk import FrameDesk
from gateway.health.clock import HubClock
from gateway.porch import Porch, watch_for
from gateway.profiles import find
from gateway.provisioning.hatch import Pair
from gateway.provisioning.pairing import Paired, pair_device, wanted_by
from gateway.sessions import session_for
from gateway.sessions.answers import Answers
from gateway.sessions.link import Ears, Link, LinkError, Sighting, Watch

RADIO_RETRY_SECONDS = 5.0
OnSighting = Callable[[Sighting], None]
_log = logging.getLogger(__name__)


class CollectorRadio(Protocol):
    """The part of `links.ble.Radio` used here."""

    async def listen(self, on_sighting: OnSighting) -> None: ...

    def watch(self, watch: Watch) -> None: ...

    async def attend(self, ears: Ears) -> None: ...

    def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AbstractAsyncContextManager[Link]: ...

    async def forget(self, sighting: Sighting) -> None: ...

    async def unpair(self, device: str) -> bool: ...


class Reception:
    """One scan, one conversation at a time, whoever asks.

    `keep` returns the observation's sequence number after its commit; a fault of it ends this.
    """

    def __init__(  # noqa: PLR0913 - each is an edge that a test puts its own in place of
        self,
        radio: CollectorRadio,
        *,
        keep: Callable[[Observation], int],
        devices: DeviceStore,
        clock: HubClock,
        hub: str,
        software: str,
        hold_off_s: float | None,
        background: bool,
    ) -> None:
        self._radio, self._devices, self._clock = radio, devices, clock
        self._keep, self._hub, self._software = keep, hub, software
        self._background = background
        self._porch = Porch((), hold_off_s=hold_off_s)
        self._arrived = asyncio.Event()
        self._turn = asyncio.Lock()
        self._onlookers: set[OnSighting] = set()
        self._admit()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._radio.attend(Ears(stray=self._keep_stray)))
            group.create_task(self._serve_all())

    async def pair(self, request: Pair, answers: Answers, tell: Callable[[str], None]) -> Paired:
        """Add a device while the collector runs; as `provisioning.pairing.pair_device`."""
        known = {device.id for device in self._devices.all()}
        self._porch.set_aside(request.device)
        try:
            return await pair_device(
                _Turnstile(self._radio, self._turn, self._onlookers),
                self._devices,
                self._clock,
                wanted=wanted_by(request.device, request.profile, known=known),
                answers=answers,
                again=request.again,
                window_s=request.window_s,
                tell=tell,
            )
        finally:
            self._porch.set_aside(None)
            self._admit()

    async def unpair(self, device: str) -> bool:
        """Delete its bond and strike it from the list; False where neither was there."""
        async with self._turn:
            bonded = await self._radio.unpair(device)
            listed = self._devices.forget(device)
            self._admit()
        return bonded or listed

    def _admit(self) -> None:
        """Whoever is on the list now is known at the door, and attended to while away."""
        profiles = {device.id: find(device.profile) for device in self._devices.all()}
        known = {name: profile for name, profile in profiles.items() if profile is not None}
        self._porch.admit(profiles)
        self._radio.watch(watch_for(known, background=self._background))

    async def _listen(self) -> None:
        """Listen for ever: a radio that is not there yet, or went, is tried again."""
        while True:
            try:
                await self._radio.listen(self._see)
            except LinkError as error:
                _log.warning("radio: %s", error)
                await asyncio.sleep(RADIO_RETRY_SECONDS)

    def _see(self, sighting: Sighting) -> None:
        for onlooker in list(self._onlookers):
            onlooker(sighting)
        if self._porch.see(sighting, _now()):
            self._arrived.set()

    async def _serve_all(self) -> None:
        while True:
            sighting = self._porch.next(_now())
            if sighting is None:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            async with self._turn:
                device = self._devices.get(sighting.device)
                if device is not None:  # it may have been struck from the list meanwhile
                    await self._serve(device, sighting)

    async def _serve(self, device: Device, sighting: Sighting) -> None:
        desk = self._desk(device)
        result = await _talk(self._radio, sighting, desk)
        self._porch.done(
            device.id,
            _now(),
            good=result == "complete",
            rest_s=desk.profile.session.rest_s,
            visit=sighting.visit,
        )

    def _keep_stray(self, device: str, channel: str, raw: bytes) -> None:
        known = self._devices.get(device)
        assert known is not None, "the radio stands for known devices only"
        self._desk(known).keep_stray(channel, raw)

    def _desk(self, device: Device) -> FrameDesk:
        return FrameDesk(
            device,
            keep=lambda frame, outcome: self._keep(
                observe(self._hub, frame, outcome, self._software)
            ),
            devices=self._devices,
            clock=self._clock,
        )


class _Turnstile:
    """The technician's radio: sees what the one scan sees, and waits for its turn to connect."""

    def __init__(
        self, radio: CollectorRadio, turn: asyncio.Lock, onlookers: set[OnSighting]
    ) -> None:
        self._radio, self._turn, self._onlookers = radio, turn, onlookers

    async def listen(self, on_sighting: OnSighting) -> None:
        self._onlookers.add(on_sighting)
        try:
            await asyncio.Event().wait()
        finally:
            self._onlookers.discard(on_sighting)

    @asynccontextmanager
    async def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AsyncIterator[Link]:
        async with (
            self._turn,
            self._radio.connect(sighting, pair=pair, answers=answers) as link,
        ):
            yield link

    async def forget(self, sighting: Sighting) -> None:
        async with self._turn:
            await self._radio.forget(sighting)


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


def _now() -> float:
    return asyncio.get_running_loop().time()
