"""Bluetooth LE through bleak: listen, pair, connect. The only home of bleak.

The same code runs on BlueZ and, given bleak backend classes, on a virtual radio. Every operation
has a time limit of its own: bleak retries some of BlueZ's answers without one. What bleak does not
do on BlueZ (agent, standing subscriptions, a daemon that dies) is in `bluez`.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    nullcontext,
    suppress,
)
from typing import Any, NamedTuple

import msgspec
from bleak import BleakClient, BleakScanner
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from gateway.links.ble_link import BleLink, short
from gateway.links.bluez.guard import Bluez
from gateway.links.bluez.objects import Known
from gateway.links.timed import limited, to_its_end
from gateway.sessions.answers import Answers
from gateway.sessions.link import (
    UNKNOWN_RSSI,
    Ears,
    Link,
    LinkError,
    RadioUnavailableError,
    Sighting,
    Watch,
)

OnSighting = Callable[[Sighting], None]
# BlueZ hides bonded devices that are not discoverable from a bare LE scan; any filter of ours
# shows them, and one on RSSI hides nobody. No filter on services: bluetoothd 5.87 crashes on it.
_SHOW_ALL = {"filters": {"RSSI": -127}}
GREET_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Backend(NamedTuple):
    """bleak's backend classes, where they are not the platform's own."""

    scanner: type[BaseBleakScanner]
    client: type[BaseBleakClient]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. Pairing waits for a person."""

    scan_start: float = 15.0
    connect: float = 30.0
    pair: float = 90.0
    operation: float = 10.0
    disconnect: float = 12.0
    caller: float = 1.0  # for bluetoothd to connect by itself, where it is asked to
    scan_restart: float = 600.0


class Radio:
    """One Bluetooth adapter, used by one process."""

    def __init__(
        self,
        backend: Backend | None = None,
        *,
        bluez: Bluez | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._bluez = bluez
        self._links: set[BleLink] = set()
        self._lost = asyncio.Event()
        self._busy_until = 0.0
        if bluez is not None:
            bluez.on_loss = self._drop_all
        self._scanner_kw: dict[str, Any] = {"bluez": _SHOW_ALL}
        self._client_kw: dict[str, Any] = {}
        if backend is not None:
            self._scanner_kw = {"backend": backend.scanner}
            self._client_kw = {"backend": backend.client}

    async def listen(self, on_sighting: OnSighting) -> None:
        """Report every advertisement until cancelled; LinkError where scanning fails.

        Scanning starts afresh every ten minutes: BlueZ forgets devices. What silence means is
        `health.recovery`'s to say.
        """
        while True:
            await self._listen_once(on_sighting)

    def watch(self, watch: Watch) -> None:
        """Whom to attend to from now on."""
        if self._bluez is not None:
            self._bluez.watch(watch)

    async def attend(self, ears: Ears) -> None:
        """Beside `listen`, until cancelled: be subscribed to who is watched while they are away.

        A fault of `ears.stray` ends this. Where there is no BlueZ there is nothing to attend to.
        """
        if self._bluez is not None:
            await self._bluez.attend(ears)

    async def scan(self, seconds: float) -> list[Sighting]:
        """Every device seen in this time, each with its newest advertisement that had a name."""
        seen: dict[str, Sighting] = {}

        def note(sighting: Sighting) -> None:
            known = seen.get(sighting.device)
            if known is None or sighting.local_name or not known.local_name:
                seen[sighting.device] = sighting

        async with self._scanning(note):
            await asyncio.sleep(seconds)
        return list(seen.values())

    @asynccontextmanager
    async def connect(
        self, sighting: Sighting, *, pair: bool = False, answers: Answers | None = None
    ) -> AsyncIterator[Link]:
        """A link for the length of the block; bonded first where `pair`. Always disconnects.

        `answers` speaks for the device while it pairs. A link that bluetoothd made by itself is
        used, and left to the device to end.
        """
        assert isinstance(sighting.handle, BLEDevice)
        if self._bluez is None:
            async with self._connected(sighting.handle, pair=pair) as link:
                yield link
            return
        path = _path(sighting.handle)
        await self._bluez.until_ready()
        if not pair and await self._bluez.will_connect(path, self._limits.caller):
            async with self._bluez.held(path) as held:
                yield held
            return
        if pair:
            await limited(self._bluez.hang_up_stranger(path), self._limits.disconnect)
        with self._bluez.visitors.asked(path):
            window = self._bluez.window(path, answers) if pair else nullcontext()
            async with self._connected(sighting.handle, pair=pair, window=window) as link:
                yield link

    @asynccontextmanager
    async def _connected(
        self,
        device: BLEDevice,
        *,
        pair: bool,
        window: AbstractAsyncContextManager[None] | None = None,
    ) -> AsyncIterator[BleLink]:
        limit = self._limits.pair if pair else self._limits.connect
        link = BleLink(self._limits.operation, self._bluez)
        client = BleakClient(device, link.dropped, timeout=limit, pair=pair, **self._client_kw)
        try:
            async with window or nullcontext():
                await limited(client.connect(), limit)
            link.use(client)
            self._links.add(link)
            yield link
        finally:
            self._links.discard(link)
            await to_its_end(limited(client.disconnect(), self._limits.disconnect))
            if self._bluez is not None:
                self._bluez.standing.release(_path(device))

    async def forget(self, sighting: Sighting) -> None:
        """Delete the bond, because a person asked to pair again; never as a retry."""
        assert isinstance(sighting.handle, BLEDevice)
        client = BleakClient(sighting.handle, **self._client_kw)
        await limited(client.unpair(), self._limits.operation)

    async def unpair(self, device: str) -> bool:
        """Delete a bond without hearing the device; False where there is none. BlueZ only."""
        assert self._bluez is not None
        return await limited(self._bluez.remove(device), self._limits.connect)

    def _drop_all(self) -> None:
        """The daemon went: bleak believes that its links are up and that it scans."""
        for link in self._links:
            link.lost()
        self._busy_until = asyncio.get_running_loop().time() + AFTERGLOW_SECONDS
        self._lost.set()

    @asynccontextmanager
    async def _scanning(self, on_sighting: OnSighting) -> AsyncIterator[None]:
        def seen(device: BLEDevice, data: AdvertisementData) -> None:
            on_sighting(_sighting(device, data))

        if self._bluez is not None:
            await self._bluez.check_version()
            self._bluez.answering.check()
        try:
            scanner = await self._started(seen)
        except (LinkError, BleakError) as error:
            raise RadioUnavailableError(f"cannot scan: {error}. {_ADVICE}") from error
        try:
            yield
        finally:
            with suppress(LinkError):
                await limited(scanner.stop(), self._limits.scan_start)

    async def _started(self, seen: Callable[[BLEDevice, AdvertisementData], None]) -> BleakScanner:
        """A scanner that scans; InProgress soon after a daemon's death is waited out."""
        loop = asyncio.get_running_loop()
        while True:
            scanner = BleakScanner(seen, **self._scanner_kw)
            try:
                await limited(scanner.start(), self._limits.scan_start)
            except LinkError as error:
                if not str(error).startswith("InProgress") or loop.time() >= self._busy_until:
                    raise
                await asyncio.sleep(AFTERGLOW_RETRY_SECONDS)
            else:
                return scanner

    async def _listen_once(self, on_sighting: OnSighting) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.scan_restart
        self._lost.clear()
        async with self._scanning(on_sighting):
            greeting = loop.create_task(self._greet(on_sighting))
            try:
                async with asyncio.timeout_at(until):
                    await self._lost.wait()
            except TimeoutError:
                pass
            finally:
                greeting.cancel()
                await asyncio.gather(greeting, return_exceptions=True)

    async def _greet(self, on_sighting: OnSighting) -> None:
        """A device that bluetoothd has connected by itself is as good as one that advertises."""
        while self._bluez is not None:
            visitors = self._bluez.visitors
            for path, visit in visitors.waiting():
                on_sighting(_visitor(path, self._bluez.objects.devices[path], visit))
            await visitors.news(GREET_SECONDS)


# The kernel goes on scanning for a daemon that died (10 s, seen with Debian 12's); until it has
# ended, the next daemon answers InProgress.
AFTERGLOW_SECONDS = 15.0
AFTERGLOW_RETRY_SECONDS = 0.5
_ADVICE = "Is bluetoothd running (systemctl status bluetooth) and is an adapter plugged in?"


def _path(device: BLEDevice) -> str:
    """BlueZ's object path of it."""
    return str(device.details["path"])


def _visitor(path: str, known: Known, visit: int) -> Sighting:
    address = path.rpartition("/dev_")[2].replace("_", ":")
    handle = BLEDevice(address, known.name, {"path": path, "props": {}})
    return Sighting(
        device=known.id,
        local_name=known.name,
        service_uuids=(),
        rssi=UNKNOWN_RSSI,
        handle=handle,
        visit=visit,
    )


def _sighting(device: BLEDevice, data: AdvertisementData) -> Sighting:
    return Sighting(
        device="ble:" + device.address.replace(":", "").lower(),
        local_name=data.local_name or device.name,
        service_uuids=tuple(short(uuid) for uuid in data.service_uuids),
        rssi=data.rssi,
        handle=device,
        has_payload=bool(
            data.local_name or data.service_uuids or data.manufacturer_data or data.service_data
        ),
    )
