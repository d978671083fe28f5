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
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from gateway.links.bluez.guard import Bluez
from gateway.links.bluez.standing import OnStray
from gateway.links.timed import limited, to_its_end
from gateway.sessions.link import Link, LinkError, OnValue, RadioUnavailableError, Sighting

OnSighting = Callable[[Sighting], None]
# BlueZ hides bonded devices that are not discoverable from a bare LE scan; any filter of ours
# shows them, and one on RSSI hides nobody. No filter on services: bluetoothd 5.87 crashes on it.
_SHOW_ALL = {"filters": {"RSSI": -127}}
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

    async def attend(self, devices: frozenset[str], stray: OnStray) -> None:
        """Beside `listen`, until cancelled: be subscribed to these devices while they are away.

        `stray` gets what a device says before a conversation asks, and its fault ends this. Where
        there is no BlueZ there is nothing to attend to.
        """
        if self._bluez is not None:
            await self._bluez.attend(devices, stray)

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
    async def connect(self, sighting: Sighting, *, pair: bool = False) -> AsyncIterator[Link]:
        """A link for the length of the block; bonded first where `pair`. Always disconnects."""
        assert isinstance(sighting.handle, BLEDevice)
        limit = self._limits.pair if pair else self._limits.connect
        if self._bluez is not None:
            await self._bluez.until_ready()
        link = BleLink(self._limits.operation, self._bluez)
        client = BleakClient(
            sighting.handle, link.dropped, timeout=limit, pair=pair, **self._client_kw
        )
        try:
            async with self._window(sighting.handle) if pair else nullcontext():
                await limited(client.connect(), limit)
            link.use(client)
            self._links.add(link)
            yield link
        finally:
            self._links.discard(link)
            await to_its_end(limited(client.disconnect(), self._limits.disconnect))
            if self._bluez is not None:
                self._bluez.standing.release(_path(sighting.handle))

    async def forget(self, sighting: Sighting) -> None:
        """Delete the bond, because a person asked to pair again; never as a retry."""
        assert isinstance(sighting.handle, BLEDevice)
        client = BleakClient(sighting.handle, **self._client_kw)
        await limited(client.unpair(), self._limits.operation)

    async def unpair(self, device: str) -> bool:
        """Delete a bond without hearing the device; False where there is none. BlueZ only."""
        assert self._bluez is not None
        return await limited(self._bluez.remove(device), self._limits.connect)

    def _window(self, device: BLEDevice) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self._bluez is None else self._bluez.window(_path(device))

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
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._lost.wait()


class BleLink:
    """A connected device; characteristics by their short number."""

    def __init__(self, limit: float, bluez: Bluez | None = None) -> None:
        self._limit, self._bluez = limit, bluez
        self._client: BleakClient | None = None
        self._by_channel: dict[str, BleakGATTCharacteristic] = {}
        self._tell: Callable[[], None] | None = None
        self._is_up = True

    def use(self, client: BleakClient) -> None:
        self._client = client
        for characteristic in client.services.characteristics.values():
            self._by_channel.setdefault(_short(characteristic.uuid), characteristic)

    @property
    def channels(self) -> frozenset[str]:
        return frozenset(self._by_channel)

    @property
    def is_up(self) -> bool:
        return self._is_up

    def on_drop(self, callback: Callable[[], None]) -> None:
        self._tell = callback

    def dropped(self, _client: BleakClient) -> None:
        self.lost()

    def lost(self) -> None:
        self._is_up = False
        if self._tell is not None:
            self._tell()

    async def read(self, channel: str) -> bytes:
        client, characteristic = self._at(channel)
        return bytes(await limited(client.read_gatt_char(characteristic), self._limit))

    async def write(self, channel: str, payload: bytes) -> None:
        client, characteristic = self._at(channel)
        writing = client.write_gatt_char(characteristic, payload, response=True)
        await limited(writing, self._limit)

    async def subscribe(self, channel: str, on_value: OnValue) -> None:
        """Never undone: some cuffs lose their bond when the CCCD is cleared.

        A standing subscription is used where there is one: two owners would get each value twice.
        """
        client, characteristic = self._at(channel)
        if self._bluez is not None and self._bluez.standing.covers(characteristic.obj[0]):
            asking = self._bluez.subscribe(
                characteristic.obj[0], lambda value: on_value(channel, value)
            )
            await limited(asking, self._limit)
            return

        def deliver(_: BleakGATTCharacteristic, value: bytearray) -> None:
            on_value(channel, bytes(value))

        await limited(client.start_notify(characteristic, deliver), self._limit)

    def _at(self, channel: str) -> tuple[BleakClient, BleakGATTCharacteristic]:
        assert self._client is not None
        try:
            return self._client, self._by_channel[channel]
        except KeyError:
            raise LinkError(f"the device has no characteristic {channel}") from None


# The kernel goes on scanning for a daemon that died (10 s, seen with Debian 12's); until it has
# ended, the next daemon answers InProgress.
AFTERGLOW_SECONDS = 15.0
AFTERGLOW_RETRY_SECONDS = 0.5
_ADVICE = "Is bluetoothd running (systemctl status bluetooth) and is an adapter plugged in?"


def _path(device: BLEDevice) -> str:
    """BlueZ's object path of it."""
    return str(device.details["path"])


def _sighting(device: BLEDevice, data: AdvertisementData) -> Sighting:
    return Sighting(
        device="ble:" + device.address.replace(":", "").lower(),
        local_name=data.local_name or device.name,
        service_uuids=tuple(_short(uuid) for uuid in data.service_uuids),
        rssi=data.rssi,
        handle=device,
        has_payload=bool(
            data.local_name or data.service_uuids or data.manufacturer_data or data.service_data
        ),
    )


def _short(uuid: str) -> str:
    """`2A35` for an identifier of the Bluetooth SIG, else the whole in upper case."""
    upper = uuid.upper()
    is_short = upper.startswith("0000") and upper.endswith("-0000-1000-8000-00805F9B34FB")
    return upper[4:8] if is_short else upper
