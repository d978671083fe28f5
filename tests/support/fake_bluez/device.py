"""A device as bluetoothd shows it: properties, bond, characteristics, and what is scripted."""

from dataclasses import dataclass, field
from typing import Any, Literal

from dbus_fast import Variant

ADAPTER = "/org/bluez/hci0"
_SERVICE_OF = {"2A35": "1810", "2A18": "1808", "2A52": "1808", "2A08": "1810"}


def full(short: str) -> str:
    return f"0000{short.lower()}-0000-1000-8000-00805f9b34fb"


@dataclass(kw_only=True)
class FakeDevice:
    """One peripheral. Its characteristics appear with its first connection, as at bluetoothd."""

    name: str = "BM54"
    address: str = "C0:FF:EE:00:00:54"
    channels: tuple[str, ...] = ("2A35",)
    pairing: Literal["just_works", "passkey", "compare", "pin", "never_ends"] = "just_works"
    code: int = 123456
    bonded: bool = False
    stale: bool = False  # it has forgotten us
    early: list[bytes] = field(default_factory=list)  # indicated at once when encrypted
    advertises: bool = True
    connected: bool = False
    resolved: bool = False
    discovered: bool = False
    confirmed: int = 0  # indications bluetoothd confirmed, heard by somebody or not
    connects: int = 0
    values: dict[str, bytes] = field(default_factory=dict)  # what is read and was written
    refuses: dict[str, int] = field(default_factory=dict)  # ATT errors of writes

    @property
    def path(self) -> str:
        return f"{ADAPTER}/dev_{self.address.replace(':', '_')}"

    @property
    def id(self) -> str:
        return "ble:" + self.address.replace(":", "").lower()

    @property
    def service(self) -> str:
        return _SERVICE_OF.get(self.channels[0], "1810")

    def characteristic(self, channel: str) -> str:
        return f"{self.path}/service0001/char{self.channels.index(channel) + 2:04x}"

    def channel_at(self, path: str) -> str | None:
        return next((c for c in self.channels if self.characteristic(c) == path), None)

    def properties(self) -> dict[str, Any]:
        return {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", self.name),
            "Alias": Variant("s", self.name),
            "Adapter": Variant("o", ADAPTER),
            "Paired": Variant("b", self.bonded),
            "Trusted": Variant("b", self.bonded),
            "Connected": Variant("b", self.connected),
            "ServicesResolved": Variant("b", self.resolved),
            "UUIDs": Variant("as", [full(self.service)]),
            "RSSI": Variant("n", -60),
        }

    def objects(self) -> dict[str, dict[str, Any]]:
        """Path to interfaces, as GetManagedObjects and InterfacesAdded give them."""
        found: dict[str, dict[str, Any]] = {self.path: {"org.bluez.Device1": self.properties()}}
        if self.discovered:
            service = f"{self.path}/service0001"
            found[service] = {
                "org.bluez.GattService1": {
                    "UUID": Variant("s", full(self.service)),
                    "Device": Variant("o", self.path),
                    "Primary": Variant("b", True),
                    "Includes": Variant("ao", []),
                }
            }
            for channel in self.channels:
                found[self.characteristic(channel)] = {
                    "org.bluez.GattCharacteristic1": {
                        "UUID": Variant("s", full(channel)),
                        "Service": Variant("o", service),
                        "Flags": Variant("as", ["indicate", "read", "write"]),
                        "MTU": Variant("q", 23),
                    }
                }
        return found
