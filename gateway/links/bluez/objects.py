"""What BlueZ has, as its signals tell: which device is where, which path is which characteristic.

Pure: paths and properties in, answers out. A characteristic stays while its device is away, goes
with the daemon, and is back under the same path once the device has connected again.
"""

from typing import Any, NamedTuple

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
# Blood pressure, weight, temperature, glucose and its context, record access control point.
HEALTH = frozenset({"2A35", "2A9D", "2A1C", "2A18", "2A34", "2A52"})
# The connection was ended because the keys of the two sides do not fit: BlueZ 5.83 and later,
# doc/org.bluez.Device.rst. The others are Unknown, Timeout, Local, Remote and LocalSuspend.
KEY_MISSING = "org.bluez.Reason.Authentication"
_SIG_BASE = "-0000-1000-8000-00805f9b34fb"
Interfaces = dict[str, dict[str, Any]]


class Known(NamedTuple):
    """A device at BlueZ, by the hub's name for it."""

    id: str
    bonded: bool
    connected: bool = False
    resolved: bool = False  # its characteristics are known
    name: str | None = None


class Objects:
    """BlueZ's adapters, devices and SIG characteristics by object path."""

    def __init__(self) -> None:
        self.adapters: set[str] = set()
        self.devices: dict[str, Known] = {}
        self.characteristics: dict[str, str] = {}

    def add(self, path: str, interfaces: Interfaces) -> None:
        """Values are D-Bus variants or what is inside of them."""
        if ADAPTER in interfaces:
            self.adapters.add(path)
        if DEVICE in interfaces:
            self.devices[path] = _changed(Known("", bonded=False), interfaces[DEVICE])
        if CHARACTERISTIC in interfaces:
            uuid = str(_plain(interfaces[CHARACTERISTIC]["UUID"])).lower()
            short = uuid[4:8].upper()
            if uuid == f"0000{short.lower()}{_SIG_BASE}":
                self.characteristics[path] = short

    def change(self, path: str, changed: dict[str, Any]) -> None:
        """A device's properties changed: its bond, its link, or the address it told at last."""
        if path in self.devices:
            self.devices[path] = _changed(self.devices[path], changed)

    def remove(self, path: str, interfaces: list[str]) -> None:
        if ADAPTER in interfaces:
            self.adapters.discard(path)
        if DEVICE in interfaces:
            self.devices.pop(path, None)
        if CHARACTERISTIC in interfaces:
            self.characteristics.pop(path, None)

    def clear(self) -> None:
        """The daemon went, and everything with it."""
        self.adapters.clear()
        self.devices.clear()
        self.characteristics.clear()

    def health(self) -> list[str]:
        """Paths of the characteristics that a subscription may stand for."""
        return [path for path, short in self.characteristics.items() if short in HEALTH]

    def path_of(self, device: str) -> str | None:
        return next((path for path, known in self.devices.items() if known.id == device), None)

    def is_bonded(self, path: str) -> bool:
        known = self.devices.get(path)
        return known is not None and known.bonded

    def device_at(self, characteristic: str) -> Known | None:
        """The device a characteristic's path lies under: /org/bluez/hci0/dev_X/service1/char2."""
        return self.devices.get(characteristic.rsplit("/", 2)[0])

    def channels_of(self, device: str) -> dict[str, str]:
        """The device at this path: the path of each characteristic, by its short number."""
        found: dict[str, str] = {}
        for path, short in self.characteristics.items():
            if path.startswith(device + "/"):
                found.setdefault(short, path)
        return found


def _changed(known: Known, properties: dict[str, Any]) -> Known:
    told = {name: _plain(value) for name, value in properties.items()}
    if "Address" in told:
        known = known._replace(id="ble:" + str(told["Address"]).replace(":", "").lower())
    if "Paired" in told:
        known = known._replace(bonded=bool(told["Paired"]))
    if "Connected" in told:
        known = known._replace(connected=bool(told["Connected"]))
    if "ServicesResolved" in told:
        known = known._replace(resolved=bool(told["ServicesResolved"]))
    if "Name" in told:
        known = known._replace(name=str(told["Name"]))
    return known


def _plain(value: object) -> object:
    return getattr(value, "value", value)
