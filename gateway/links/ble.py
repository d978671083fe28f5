"""Bluetooth LE through bleak: listen, pair, connect. The only home of bleak.

The same code runs on BlueZ and, given bleak backend classes, on a virtual radio. Every operation
has a time limit of its own: bleak retries some of BlueZ's answers without one.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeVar

import msgspec
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
from dbus_fast import DBusError

from gateway.sessions.link import Link, LinkError, OnValue, RadioUnavailableError, Sighting

OnSighting = Callable[[Sighting], None]
# bleak lets some of the D-Bus library's own errors through
_FAULTS = (BleakError, DBusError, OSError, EOFError, asyncio.TimeoutError)
# BlueZ hides bonded devices that are not discoverable from a bare LE scan; any filter of ours
# shows them, and one on RSSI hides nobody. No filter on services: bluetoothd 5.87 crashes on it.
_SHOW_ALL = {"filters": {"RSSI": -127}}
_ADDRESS = re.compile(r"(?:[0-9A-Fa-f]{2}[:_-]){5}[0-9A-Fa-f]{2}")
_PLAIN = re.compile(r"[a-z-]+")  # such as br-connection-key-missing
_log = logging.getLogger(__name__)
T = TypeVar("T")


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

    def __init__(self, backend: Backend | None = None, *, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
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
        link = BleLink(self._limits.operation)
        client = BleakClient(
            sighting.handle, link.dropped, timeout=limit, pair=pair, **self._client_kw
        )
        try:
            await _limited(client.connect(), limit)
            link.use(client)
            yield link
        finally:
            await _to_its_end(_limited(client.disconnect(), self._limits.disconnect))

    async def forget(self, sighting: Sighting) -> None:
        """Delete the bond, because a person asked to pair again; never as a retry."""
        assert isinstance(sighting.handle, BLEDevice)
        client = BleakClient(sighting.handle, **self._client_kw)
        await _limited(client.unpair(), self._limits.operation)

    @asynccontextmanager
    async def _scanning(self, on_sighting: OnSighting) -> AsyncIterator[None]:
        def seen(device: BLEDevice, data: AdvertisementData) -> None:
            on_sighting(_sighting(device, data))

        try:
            scanner = BleakScanner(seen, **self._scanner_kw)
            await _limited(scanner.start(), self._limits.scan_start)
        except (LinkError, BleakError) as error:
            raise RadioUnavailableError(f"cannot scan: {error}. {_ADVICE}") from error
        try:
            yield
        finally:
            with suppress(LinkError):
                await _limited(scanner.stop(), self._limits.scan_start)

    async def _listen_once(self, on_sighting: OnSighting) -> None:
        async with self._scanning(on_sighting):
            await asyncio.sleep(self._limits.scan_restart)


class BleLink:
    """A connected device; characteristics by their short number."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
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
        self._is_up = False
        if self._tell is not None:
            self._tell()

    async def read(self, channel: str) -> bytes:
        client, characteristic = self._at(channel)
        return bytes(await _limited(client.read_gatt_char(characteristic), self._limit))

    async def write(self, channel: str, payload: bytes) -> None:
        client, characteristic = self._at(channel)
        writing = client.write_gatt_char(characteristic, payload, response=True)
        await _limited(writing, self._limit)

    async def subscribe(self, channel: str, on_value: OnValue) -> None:
        """Never undone: some cuffs lose their bond when the CCCD is cleared."""
        client, characteristic = self._at(channel)

        def deliver(_: BleakGATTCharacteristic, value: bytearray) -> None:
            on_value(channel, bytes(value))

        await _limited(client.start_notify(characteristic, deliver), self._limit)

    def _at(self, channel: str) -> tuple[BleakClient, BleakGATTCharacteristic]:
        assert self._client is not None
        try:
            return self._client, self._by_channel[channel]
        except KeyError:
            raise LinkError(f"the device has no characteristic {channel}") from None


_ADVICE = "Is bluetoothd running (systemctl status bluetooth) and is an adapter plugged in?"


async def _limited(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result in time, or LinkError."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except _FAULTS as error:
        raise LinkError(_reason(error)) from error


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Let go of a device even while being stopped: a link left behind keeps others away."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
    finally:
        if task.done() and not task.cancelled() and task.exception():
            _log.info("disconnecting: %s", task.exception())


def _reason(error: BaseException) -> str:
    """Why, in few words and without the device's address, which bleak's texts may hold."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case BleakBluetoothNotAvailableError():
            return f"Bluetooth is not available ({error.reason.name.lower()})"
        case BleakDBusError():
            details = error.dbus_error_details or ""
            plain = f": {details}" if _PLAIN.fullmatch(details) else ""
            return error.dbus_error.rpartition(".")[2] + plain
        case FileNotFoundError() | ConnectionRefusedError():
            return "the system's message bus cannot be reached"
    return _ADDRESS.sub("the device", str(error)) or type(error).__name__


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
