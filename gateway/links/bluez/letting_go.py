"""Ends links at bluetoothd: our own before we go, and those that a process before us left.

A link left behind keeps its device from every other hub, and from advertising. One that is up
while our bus connection goes is worse: bluetoothd then switches the subscriptions off that we
stood for, and some cuffs lose their bond with that. So links end first, then the connection.
"""

import asyncio
import logging
from typing import Any

from dbus_fast.aio import MessageBus

from gateway.links.bluez.bus import FAULTS, OBJECTS, bluez_is_there, call
from gateway.links.bluez.objects import DEVICE

_log = logging.getLogger(__name__)


async def end_links(bus: MessageBus) -> int:
    """Device1.Disconnect for every link there is; how many. One of FAULTS where nobody answers.

    The adapter is the hub's alone, so nobody else's links are among them.
    """
    if not await bluez_is_there(bus):
        return 0  # a call would have the bus start it
    found = (await call(bus, "/", OBJECTS, "GetManagedObjects"))[0]
    up = [path for path, held in found.items() if _connected(held.get(DEVICE, {}))]
    await asyncio.gather(*(_end(bus, path) for path in up))
    return len(up)


def _connected(device: dict[str, Any]) -> bool:
    return "Connected" in device and bool(device["Connected"].value)


async def _end(bus: MessageBus, path: str) -> None:
    try:
        await call(bus, path, DEVICE, "Disconnect")
    except FAULTS as error:
        _log.warning("ending a link: %s", getattr(error, "type", "no answer"))
