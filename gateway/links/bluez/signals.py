"""What bluetoothd and the bus tell unasked, handed to whoever keeps account of it."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from dbus_fast import Message, MessageType, Variant

from gateway.links.bluez.bus import BLUEZ, BUS, OBJECTS, PROPERTIES
from gateway.links.bluez.objects import CHARACTERISTIC, DEVICE, KEY_MISSING, Objects
from gateway.links.bluez.standing import Standing
from gateway.links.bluez.visitors import Visitors

if TYPE_CHECKING:
    from gateway.sessions.link import Ears

_log = logging.getLogger(__name__)


class Signals:
    """`due` is called where something is to be done, `lost` where the daemon went."""

    def __init__(
        self,
        objects: Objects,
        standing: Standing,
        visitors: Visitors,
        *,
        due: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._objects, self._standing, self._visitors = objects, standing, visitors
        self._due, self._lost = due, lost
        self.ears: Ears | None = None
        self.fault: Exception | None = None  # of whoever was to keep a value

    def on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        path, body = message.path or "", message.body
        match (message.interface, message.member):
            case (name, "NameOwnerChanged") if name == BUS and body[0] == BLUEZ:
                if body[1]:
                    _log.warning("bluetoothd is gone")
                    self._lost()
                self._due()
            case (name, "InterfacesAdded") if name == OBJECTS:
                self._objects.add(body[0], body[1])
                self._due()
            case (name, "InterfacesRemoved") if name == OBJECTS:
                self._objects.remove(body[0], body[1])
                self._standing.gone(body[0])
                if DEVICE in body[1]:
                    self._visitors.changed(body[0])
            case (name, "PropertiesChanged") if name == PROPERTIES:
                self._on_change(path, body[0], body[1])
            case (name, "Disconnected") if name == DEVICE and body[0] == KEY_MISSING:
                self._on_key_missing(path)

    def _on_change(self, path: str, interface: str, changed: dict[str, Variant]) -> None:
        if interface == DEVICE:
            self._objects.change(path, changed)
            if "Paired" in changed:
                self._due()
            if "Connected" in changed or "ServicesResolved" in changed:
                self._visitors.changed(path)
        elif interface == CHARACTERISTIC and "Value" in changed:
            try:
                self._standing.deliver(path, bytes(changed["Value"].value))
            except Exception as error:  # noqa: BLE001 - the D-Bus library would swallow it
                self.fault = error
                self._due()

    def _on_key_missing(self, path: str) -> None:
        known = self._objects.devices.get(path)
        if self.ears is not None and known is not None and known.bonded:
            self.ears.key_missing(known.id)
