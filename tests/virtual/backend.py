"""bleak backends over a Bumble host: the adapter is a TCP door to the virtual radio.

Subclasses of bleak's unstable base classes, for bleak 3.1; tests/virtual/test_backend.py holds
them to the abstract methods they must have.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import core, hci
from bumble.att import ATT_Error
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.host import Host
from bumble.keys import JsonKeyStore, KeyStore
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import Transport
from bumble.transport.tcp_client import open_tcp_client_transport

from tests.virtual.peripheral import ENCRYPTION_KEY, configuration
from tests.virtual.services import collection, text

HUB_ADDRESS = "C0:FF:EE:00:00:01"
Passkey = Callable[[], Awaitable[int | None]]
T = TypeVar("T")


class _Person(PairingDelegate):
    """The technician: confirms just works, types the six digits the device shows."""

    def __init__(self, passkey: Passkey) -> None:
        super().__init__(
            io_capability=PairingDelegate.IoCapability.DISPLAY_OUTPUT_AND_KEYBOARD_INPUT,
            local_initiator_key_distribution=ENCRYPTION_KEY,
            local_responder_key_distribution=ENCRYPTION_KEY,
        )
        self._passkey = passkey

    async def get_number(self) -> int | None:
        return await self._passkey()


class Adapter:
    """The hub's end of the virtual radio; gives bleak backend classes bound to itself."""

    def __init__(self, transport: Transport, device: Device, bonds: KeyStore) -> None:
        self._transport, self.device, self.bonds = transport, device, bonds
        bound = {"adapter": self}
        self.scanner: type[BaseBleakScanner] = type("VirtualScanner", (_Scanner,), bound)
        self.client: type[BaseBleakClient] = type("VirtualClient", (_Client,), bound)

    @classmethod
    async def open(
        cls, radio: str, *, bonds: Path | KeyStore, passkey: Passkey, address: str = HUB_ADDRESS
    ) -> "Adapter":
        """Connect to `host:port`; bonds live in a JSON file, or wherever the key store says."""
        transport = await open_tcp_client_transport(radio)
        host = Host(transport.source, transport.sink)
        device = Device(config=configuration("hub", address), host=host)
        keys = bonds
        if isinstance(keys, Path):
            keys = JsonKeyStore(namespace=address, filename=str(keys))
        device.keystore = keys
        device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=True, bonding=True, delegate=_Person(passkey)
        )
        await device.power_on()
        return cls(transport, device, keys)

    async def close(self) -> None:
        await self._transport.close()


class _Scanner(BaseBleakScanner):
    adapter: ClassVar[Adapter]

    def __init__(
        self,
        detection_callback: Any,
        service_uuids: list[str] | None,
        scanning_mode: str,  # noqa: ARG002 - the virtual air has no scan responses
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices.clear()
        device = self.adapter.device
        device.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        await device.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        device = self.adapter.device
        with suppress(KeyError):
            device.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        await device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        data, address = advertisement.data, str(advertisement.address)
        name = data.get(AdvertisingData.Type.COMPLETE_LOCAL_NAME)
        uuids = data.get(AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS) or []
        seen = AdvertisementData(
            local_name=str(name) if name else None,
            manufacturer_data={},
            service_data={},
            service_uuids=[text(uuid) for uuid in uuids],
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(),
        )
        if self.is_allowed_uuid(seen.service_uuids):
            found = self.create_or_update_device(address, address, seen.local_name, None, seen)
            self.call_detection_callbacks(found, seen)


class _Client(BaseBleakClient):
    adapter: ClassVar[Adapter]

    def __init__(self, address_or_ble_device: BLEDevice | str, **kwargs: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=kwargs["disconnected_callback"],
            timeout=kwargs["timeout"],
        )
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._gone: asyncio.Future[None] | None = None
        self._leaving = False

    @property
    def name(self) -> str:
        return self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return 23 if self._connection is None else int(self._connection.att_mtu)

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await self._connect(pair)
        except BaseException:
            await self.disconnect()
            raise

    async def _connect(self, pair: bool) -> None:
        device = self.adapter.device
        address = hci.Address(self.address)
        try:
            connection = await device.connect(address, transport=core.PhysicalTransport.LE)
        except core.BaseBumbleError as error:
            raise BleakDeviceNotFoundError(self.address, str(error)) from error
        self._connection, self._leaving = connection, False
        self._gone = asyncio.get_running_loop().create_future()
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        if await self.adapter.bonds.get(self.address):
            await self._guard(connection.encrypt())
        elif pair:
            await self._guard(connection.pair())
        self._peer = Peer(connection)
        await self._guard(self._peer.discover_services())
        await self._guard(self._peer.discover_characteristics())
        self.services = collection(self._peer, self.mtu_size)

    async def disconnect(self) -> None:
        """Bumble's own cancellations stay in the task; one of ours goes on to the caller."""
        self._leaving = True
        if self._connection is not None:
            leaving = asyncio.ensure_future(self._connection.disconnect())
            await asyncio.wait({leaving})
            if not leaving.cancelled():
                leaving.exception()  # a link that is gone already is as good
        self._connection = None

    async def pair(self, *_: Any, **__: Any) -> None:
        assert self._connection is not None
        await self._guard(self._connection.pair())

    async def unpair(self) -> None:
        with suppress(KeyError):
            await self.adapter.bonds.delete(self.address)

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        return bytearray(await self._guard(characteristic.obj.read_value()))

    async def read_gatt_descriptor(self, descriptor: BleakGATTDescriptor, **_: Any) -> bytearray:
        return bytearray(await self._guard(descriptor.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        await self._guard(characteristic.obj.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        await self._guard(descriptor.obj.write_value(bytes(data), with_response=True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any
    ) -> None:
        def deliver(value: bytes) -> None:
            callback(bytearray(value))

        await self._guard(characteristic.obj.subscribe(deliver))

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        await self._guard(characteristic.obj.unsubscribe())

    async def _guard(self, work: Awaitable[T]) -> T:
        """The result, or bleak's error: Bumble cancels what a lost link leaves unanswered."""
        assert self._gone is not None
        task = asyncio.ensure_future(work)
        try:
            either: set[asyncio.Future[Any]] = {task, self._gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if task.done() and not task.cancelled():
                return task.result()
        except ATT_Error as error:
            raise BleakGATTProtocolError(int(error.error_code)) from error
        except (core.BaseBumbleError, hci.HCI_Error) as error:
            raise BleakError(f"AuthenticationFailed or link error: {error}") from error
        finally:
            task.cancel()
        raise BleakError("the device disconnected")

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
        if not self._leaving and self._disconnected_callback is not None:
            self._disconnected_callback()
