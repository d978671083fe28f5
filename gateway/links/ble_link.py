"""A connection that bleak made, for the length of one conversation."""

from collections.abc import Callable

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic

from gateway.links.bluez.guard import Bluez
from gateway.links.timed import limited
from gateway.sessions.link import LinkError, OnValue


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
            self._by_channel.setdefault(short(characteristic.uuid), characteristic)

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


def short(uuid: str) -> str:
    """`2A35` for an identifier of the Bluetooth SIG, else the whole in upper case."""
    upper = uuid.upper()
    is_short = upper.startswith("0000") and upper.endswith("-0000-1000-8000-00805F9B34FB")
    return upper[4:8] if is_short else upper
