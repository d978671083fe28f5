"""Has bluetoothd connect by itself, at once, to meters that stay up for a few seconds only.

BlueZ connects LE devices in the background only for a profile that somebody registered for it
(doc/org.bluez.GattProfile.rst). It does so for every bonded device with that service.
"""

import logging
from typing import TYPE_CHECKING, Annotated

from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusSignature
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property

from gateway.links.bluez.bus import BusError, call

if TYPE_CHECKING:
    from dbus_fast import Variant

APPLICATION = "/vitals/gatt"
_PROFILE = f"{APPLICATION}/profile"
_MANAGER = "org.bluez.GattManager1"
_ALREADY = "org.bluez.Error.AlreadyExists"
# The bus's own word for a daemon that went meanwhile: no refusal of anybody's.
_PASSING = {
    f"org.freedesktop.DBus.Error.{name}"
    for name in ("NoReply", "ServiceUnknown", "NameHasNoOwner", "Disconnected", "TimedOut")
}
_Strings = Annotated[list[str], DBusSignature("as")]
_log = logging.getLogger(__name__)


class _Profile(ServiceInterface):
    """`org.bluez.GattProfile1`, which bluetoothd reads through the object manager above it."""

    def __init__(self, services: frozenset[str]) -> None:
        super().__init__("org.bluez.GattProfile1")
        self.services = services

    @dbus_property(access=PropertyAccess.READ, name="UUIDs")
    def uuids(self) -> _Strings:
        return [f"0000{short.lower()}-0000-1000-8000-00805f9b34fb" for short in self.services]

    @dbus_method(name="Release")
    def release(self) -> None:
        """Bluetoothd has let go of it; that the adapter went is told by its objects as well."""


class Callers:
    """The registration with each adapter, for as long as one bus lives."""

    def __init__(self) -> None:
        self._wanted: frozenset[str] = frozenset()
        self._exported: _Profile | None = None
        self._registered: dict[str, frozenset[str]] = {}
        self._refused: dict[str, str] = {}

    def want(self, services: frozenset[str]) -> None:
        """Short numbers of the services whose devices are to be connected by bluetoothd."""
        self._wanted = services

    @property
    def are_set(self) -> bool:
        """Whether bluetoothd has agreed to connect somebody by itself."""
        return any(self._registered.values())

    @property
    def refusal(self) -> str:
        """In one word why bluetoothd will not; empty where it does, or was not asked."""
        return next(iter(self._refused.values()), "") if self._wanted else ""

    def forget(self) -> None:
        """The daemon or the bus went, and every registration with it."""
        self._registered.clear()
        self._refused.clear()

    def left(self) -> None:
        """The bus is closed; the next one needs an object of its own."""
        self.forget()
        self._exported = None

    async def register(self, bus: MessageBus, adapters: set[str]) -> None:
        """Make each adapter's registration what is wanted. One that refuses is asked only once."""
        for gone in set(self._registered) - adapters:
            del self._registered[gone]
        for adapter in sorted(adapters - set(self._refused)):
            if self._registered.get(adapter, frozenset()) != self._wanted:
                await self._register_at(bus, adapter)

    async def _register_at(self, bus: MessageBus, adapter: str) -> None:
        if self._registered.pop(adapter, None):
            await call(bus, adapter, _MANAGER, "UnregisterApplication", "o", APPLICATION)
        if not self._wanted:
            return
        self._export(bus)
        options: dict[str, Variant] = {}
        try:
            await call(
                bus, adapter, _MANAGER, "RegisterApplication", "oa{sv}", APPLICATION, options
            )
        except BusError as error:
            if error.type in _PASSING:
                raise
            if error.type != _ALREADY:
                self._refused[adapter] = str(error.type).rpartition(".")[2]
                _log.warning("bluetoothd will not connect by itself: %s", self._refused[adapter])
                return
        self._registered[adapter] = self._wanted

    def _export(self, bus: MessageBus) -> None:
        if self._exported is not None and self._exported.services != self._wanted:
            bus.unexport(_PROFILE, self._exported)
            self._exported = None
        if self._exported is None:
            self._exported = _Profile(self._wanted)
            bus.export(_PROFILE, self._exported)
