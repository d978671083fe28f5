"""Subscriptions that stand while a device is away, so that its first word is heard.

A bonded cuff indicates the moment encryption is up. bluetoothd confirms that whether or not
anybody listens, and bleak listens only later. A StartNotify lives as long as the connection that
asked for it, and bluetoothd arms it again at each connect: so ours is long-lived.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from dbus_fast import DBusError
from dbus_fast.aio import MessageBus

from gateway.links.bluez.bus import FAULTS, call
from gateway.links.bluez.objects import CHARACTERISTIC, HEALTH, Objects

OnStray = Callable[[str, str, bytes], None]
_log = logging.getLogger(__name__)


class Standing:
    """StartNotify on the health characteristics of these devices; one owner for each."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._devices: frozenset[str] = frozenset()
        self.stray: OnStray | None = None  # gets device, channel and value nobody awaits
        self._armed: set[str] = set()
        self._listeners: dict[str, Callable[[bytes], None]] = {}
        self._busy = asyncio.Lock()
        self._era = 0  # of how many daemons before this one we were told the end

    def watch(self, devices: frozenset[str]) -> None:
        """Stand for these from now on. What stands already is never switched off."""
        self._devices = devices

    def covers_device(self, path: str) -> bool:
        """Whether subscriptions to the device at this path stand while it is away."""
        known = self._objects.devices.get(path)
        return known is not None and known.bonded and known.id in self._devices

    def covers(self, path: str) -> bool:
        """Whether values of this characteristic come from here and not from bleak."""
        device = path.rsplit("/", 2)[0]
        return self._objects.characteristics.get(path) in HEALTH and self.covers_device(device)

    async def stand(self, bus: MessageBus) -> None:
        """Arm whatever is not armed. What fails is tried again at the next opportunity."""
        for path in [path for path in self._objects.health() if self.covers(path)]:
            try:
                await self._arm(bus, path)
            except FAULTS as error:
                _log.info("standing subscription: %s", getattr(error, "type", "no answer"))

    async def subscribe(
        self, bus: MessageBus, path: str, on_value: Callable[[bytes], None]
    ) -> None:
        """Values of this characteristic go to the conversation from now on."""
        self._listeners[path] = on_value
        await self._arm(bus, path)

    def release(self, device: str) -> None:
        """The conversation with the device at this path is over; the subscriptions stand."""
        for path in [path for path in self._listeners if path.startswith(device + "/")]:
            del self._listeners[path]

    def forget(self) -> None:
        """The daemon or the bus went, and every subscription with it."""
        self._armed.clear()
        self._era += 1

    def gone(self, path: str) -> None:
        """BlueZ took this characteristic away; another one may come under the same path."""
        self._armed.discard(path)

    def deliver(self, path: str, value: bytes) -> None:
        """Called inside the bus's own callback: between signal and commit lies no task switch."""
        if path in self._listeners:
            self._listeners[path](value)
        elif self.stray is not None and self.covers(path):
            device = self._objects.device_at(path)
            assert device is not None
            self.stray(device.id, self._objects.characteristics[path], value)

    async def _arm(self, bus: MessageBus, path: str) -> None:
        async with self._busy:
            if path in self._armed:
                return
            era = self._era
            with suppress(_AlreadyAskedError):
                await _start(bus, path)
            if era == self._era:  # else a daemon answered that has gone meanwhile
                self._armed.add(path)


class _AlreadyAskedError(Exception):
    """Our connection has a subscription that waits for the device to connect."""


async def _start(bus: MessageBus, path: str) -> None:
    try:
        await call(bus, path, CHARACTERISTIC, "StartNotify")
    except DBusError as error:
        if error.type == "org.bluez.Error.InProgress":
            raise _AlreadyAskedError from error
        raise
