"""What BlueZ has, as its signals tell: which device is where, which path is which characteristic.

Pure: paths and properties in, answers out. A characteristic stays while its device is away, goes
with the daemon, and is back under the same path once the device has connected again.
"""

from typing import Any, NamedTuple

DEVICE = "org.bluez.Device1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
# Blood pressure, weight, temperature, glucose and its context, record access control point.
HEALTH = frozenset({"2A35", "2A9D", "2A1C", "2A18", "2A34", "2A52"})
_SIG_BASE = "-0000-1000-8000-00805f9b34fb"
Interfaces = dict[str, dict[str, Any]]


class Known(NamedTuple):
    """A device at BlueZ, by the hub's name for it."""

    id: str
    bonded: bool


class Objects:
    """BlueZ's devices and health characteristics by object path."""

    def __init__(self) -> None:
        self.devices: dict[str, Known] = {}
        self.characteristics: dict[str, str] = {}

    def add(self, path: str, interfaces: Interfaces) -> None:
        """Values are D-Bus variants or what is inside of them."""
        if DEVICE in interfaces:
            properties = interfaces[DEVICE]
            name = "ble:" + str(_plain(properties["Address"])).replace(":", "").lower()
            self.devices[path] = Known(name, bool(_plain(properties.get("Paired", False))))
        if CHARACTERISTIC in interfaces:
            uuid = str(_plain(interfaces[CHARACTERISTIC]["UUID"])).lower()
            short = uuid[4:8].upper()
            if uuid == f"0000{short.lower()}{_SIG_BASE}" and short in HEALTH:
                self.characteristics[path] = short

    def change(self, path: str, changed: dict[str, Any]) -> None:
        """A device's properties changed: its bond, or its address when it told the real one."""
        known = self.devices.get(path)
        if known is None:
            return
        if "Address" in changed:
            name = "ble:" + str(_plain(changed["Address"])).replace(":", "").lower()
            known = known._replace(id=name)
        if "Paired" in changed:
            known = known._replace(bonded=bool(_plain(changed["Paired"])))
        self.devices[path] = known

    def remove(self, path: str, interfaces: list[str]) -> None:
        if DEVICE in interfaces:
            self.devices.pop(path, None)
        if CHARACTERISTIC in interfaces:
            self.characteristics.pop(path, None)

    def clear(self) -> None:
        """The daemon went, and everything with it."""
        self.devices.clear()
        self.characteristics.clear()

    def path_of(self, device: str) -> str | None:
        return next((path for path, known in self.devices.items() if known.id == device), None)

    def is_bonded(self, path: str) -> bool:
        known = self.devices.get(path)
        return known is not None and known.bonded

    def device_at(self, characteristic: str) -> Known | None:
        """The device a characteristic's path lies under: /org/bluez/hci0/dev_X/service1/char2."""
        return self.devices.get(characteristic.rsplit("/", 2)[0])


def _plain(value: object) -> object:
    return getattr(value, "value", value)
