"""What every virtual device shares: a Bumble device with its own bonds, memory and clock."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bumble import hci
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Descriptor, Service
from bumble.host import Host
from bumble.keys import JsonKeyStore
from bumble.link import LocalLink
from bumble.pairing import PairingConfig, PairingDelegate
from bumble.transport.common import AsyncPipeSink

from tests.virtual.clock import PlayClock

CCCD = "2902"
ADVERTISE_SECONDS = 60.0  # after a measurement, and in pairing mode
INTERVAL_MS = 100.0
Perform = Characteristic.Properties
Permit = Characteristic.Permissions
_UNSUPPORTED = (  # with these a disconnect after a bonding exchange never completes (bumble#841)
    hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
)


def controller(
    name: str, link: LocalLink, source: object = None, sink: object = None
) -> Controller:
    made = Controller(name, host_source=source, host_sink=sink, link=link)  # type: ignore[arg-type]
    made.le_features &= ~_UNSUPPORTED
    return made


def configuration(name: str, address: str) -> DeviceConfiguration:
    irk = bytes.fromhex(address.replace(":", "")) * 3
    return DeviceConfiguration(name=name, address=hci.Address(address), irk=irk[:16])


class Peripheral:
    """A device at home: pairs in pairing mode only, keeps one bond, advertises when it has cause.

    `key` names it in the control channel and in its files; `memory` outlives the process.
    """

    key = ""
    service = ""

    def __init__(
        self, *, name: str, address: str, link: LocalLink, clock: PlayClock, state: Path
    ) -> None:
        self.name, self.address, self.clock = name, address, clock
        self._memory_file = state / f"{self.key}.json"
        self.memory: dict[str, Any] = {"records": []}
        if self._memory_file.exists():
            self.memory = json.loads(self._memory_file.read_text())
        self._controller = controller(self.key, link)
        host = Host(self._controller, AsyncPipeSink(self._controller))
        self.device = Device(config=configuration(name, address), host=host)
        self.bonds = JsonKeyStore(namespace=address, filename=str(state / "bonds.json"))
        self.device.keystore = self.bonds
        self.pairing_mode = False
        self.connection: Connection | None = None
        self.paired_now = False
        self._off: asyncio.TimerHandle | None = None
        self._until = 0.0
        self._turning_on = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()

    # what a kind of device is

    def delegate(self) -> PairingDelegate:
        raise NotImplementedError

    def services(self) -> list[Service]:
        raise NotImplementedError

    def measure(self, at_ms: int | None = None) -> dict[str, Any]:
        """Take a reading, stamped with the device's own clock; it waits until it is fetched."""
        raise NotImplementedError

    def connected(self) -> None:
        """A host is here."""

    def encrypted(self) -> None:
        """The link has become confidential."""

    # what they share

    async def power_on(self) -> None:
        self.device.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=True, bonding=True, delegate=self.delegate()
        )
        self.device.add_services(self.services())
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)
        await self.device.power_on()

    async def power_off(self) -> None:
        self._cancel_off()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.device.stop_advertising()

    async def advertise(self, seconds: float = ADVERTISE_SECONDS) -> None:
        self._until = asyncio.get_running_loop().time() + seconds
        if self.connection is not None:
            return  # goes on when the host has gone, if something is left to tell
        async with self._turning_on:  # a measurement and the end of a link may coincide
            await self._turn_on(seconds)

    async def _turn_on(self, seconds: float) -> None:
        flags = 0x05 if self.pairing_mode else 0x04
        data = AdvertisingData(
            [
                (AdvertisingData.FLAGS, bytes([flags])),
                (
                    AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
                    bytes.fromhex(self.service)[::-1],
                ),
                (AdvertisingData.COMPLETE_LOCAL_NAME, self.name.encode()),
            ]
        )
        await self.device.start_advertising(
            advertising_data=bytes(data),
            advertising_interval_min=INTERVAL_MS,
            advertising_interval_max=INTERVAL_MS,
        )
        self._cancel_off()
        self._off = asyncio.get_running_loop().call_later(seconds, self._quiet)

    @property
    def is_heard(self) -> bool:
        """Whether a host could notice the device now."""
        return self._off is not None or self.connection is not None

    async def set_pairing_mode(self, on: bool) -> None:
        self.pairing_mode = on
        if on:
            await self.advertise()

    async def forget(self) -> None:
        await self.bonds.delete_all()

    async def bonded(self) -> bool:
        return bool(await self.bonds.get_all())

    def own_time(self) -> datetime:
        """What the device's display shows."""
        return self._shown(self.clock.now_ms())

    def _shown(self, at_ms: int) -> datetime:
        error = timedelta(seconds=float(self.memory["clock_error_s"]))
        return (self.clock.at(at_ms) + error).replace(microsecond=0)

    def set_own_time(self, shown: datetime) -> None:
        self.memory["clock_error_s"] = (shown - self.clock.local()).total_seconds()
        self.save()

    def fetched(self, record: dict[str, Any]) -> None:
        """The host has confirmed it: from here on it is the host's to keep."""
        record["fetched"], record["fetched_ms"] = True, time.time_ns() // 1_000_000
        self.save()

    def save(self) -> None:
        self._memory_file.write_text(json.dumps(self.memory, indent=1))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Work that ends when the link does."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def hang_up(self) -> None:
        if self.connection is not None:
            await self.connection.disconnect()

    def characteristic(
        self,
        uuid: str,
        properties: Perform,
        *,
        value: bytes | None = None,
        read: Callable[[], bytes] | None = None,
        write: Callable[[bytes], None] | None = None,
        secure: bool = True,
    ) -> Characteristic[bytes]:
        """A characteristic that, where `secure`, answers on an encrypted link only."""
        readable = Permit.READABLE | (Permit.READ_REQUIRES_ENCRYPTION if secure else Permit(0))
        writeable = Permit.WRITEABLE | (Permit.WRITE_REQUIRES_ENCRYPTION if secure else Permit(0))
        source: Any = value
        if read or write:
            source = CharacteristicValue(
                read=(lambda _: read()) if read else None,
                write=(lambda _, sent: write(sent)) if write else None,
            )
        made: Characteristic[bytes] = Characteristic(uuid, properties, readable | writeable, source)
        if properties & (Perform.NOTIFY | Perform.INDICATE):
            state: Any = self.device.gatt_server.make_descriptor_value(made)
            made.descriptors = [Descriptor(CCCD, readable | writeable, state)]
        return made

    def device_information(self, maker: str, model: str, firmware: str) -> Service:
        texts = {"2A29": maker, "2A24": model, "2A26": firmware, "2A25": self.name[-8:]}
        return Service(
            "180A",
            [
                self.characteristic(uuid, Perform.READ, value=text.encode(), secure=False)
                for uuid, text in texts.items()
            ],
        )

    def waiting(self) -> list[dict[str, Any]]:
        """What no host has fetched yet, oldest first."""
        return [record for record in self.memory["records"] if not record["fetched"]]

    def subscribed(self, characteristic: Characteristic[bytes]) -> bool:
        if self.connection is None:
            return False
        return self.device.gatt_server.read_cccd(self.connection, characteristic) != bytes(2)

    def _on_connection(self, connection: Connection) -> None:
        self.connection, self.paired_now = connection, False
        self._cancel_off()
        connection.on(connection.EVENT_DISCONNECTION, self._on_disconnection)
        connection.on(connection.EVENT_PAIRING, self._on_pairing)
        connection.on(connection.EVENT_CONNECTION_ENCRYPTION_CHANGE, self.encrypted)
        self.connected()

    def _on_pairing(self, _keys: object) -> None:
        self.paired_now = True

    def _on_disconnection(self, _reason: int) -> None:
        self.connection = None
        for task in list(self._running):
            task.cancel()
        if self.paired_now:
            self.pairing_mode = False
        left = self._until - asyncio.get_running_loop().time()
        if left > 0 and (self.pairing_mode or self.waiting()):
            self.run(self.advertise(left))

    def _quiet(self) -> None:
        self._off = None
        self.pairing_mode = False
        self.run(self.device.stop_advertising())

    def _cancel_off(self) -> None:
        if self._off is not None:
            self._off.cancel()
            self._off = None


class OneBond(PairingDelegate):
    """Pairs in pairing mode only; a new bond takes the place of the old one."""

    def __init__(self, owner: Peripheral, capability: PairingDelegate.IoCapability) -> None:
        super().__init__(
            io_capability=capability,
            local_initiator_key_distribution=ENCRYPTION_KEY,
            local_responder_key_distribution=ENCRYPTION_KEY,
        )
        self.owner = owner

    async def accept(self) -> bool:
        if self.owner.pairing_mode:
            await self.owner.forget()
        return self.owner.pairing_mode


ENCRYPTION_KEY = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
