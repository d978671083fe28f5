"""Radio operations with a time limit, and why one failed, in few words without an address."""

import asyncio
import logging
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError

from gateway.links.bluez.bus import BusError
from gateway.sessions.link import LinkError

# bleak lets some of the D-Bus library's own errors through
_FAULTS = (BleakError, BusError, OSError, EOFError, asyncio.TimeoutError)
_ADDRESS = re.compile(r"'?(?:dev_)?(?:[0-9A-Fa-f]{2}[:_-]){5}[0-9A-Fa-f]{2}'?")
_log = logging.getLogger(__name__)
T = TypeVar("T")


async def limited(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """The result in time, or LinkError."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except _FAULTS as error:
        raise LinkError(_reason(error)) from error


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Let go of a device even while being stopped: a link left behind keeps others away."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
    finally:
        if task.done() and not task.cancelled() and task.exception():
            _log.info("disconnecting: %s", task.exception())


def _reason(error: BaseException) -> str:
    """Why, in few words and without the device's address, which bleak's texts may hold."""
    match error:
        case TimeoutError():
            return "no answer in time"
        case BleakBluetoothNotAvailableError():
            return f"Bluetooth is not available ({error.reason.name.lower()})"
        case BleakDBusError():
            return error.dbus_error.rpartition(".")[2]
        case BusError():
            return str(error.type).rpartition(".")[2]
        case FileNotFoundError() | ConnectionRefusedError():
            return "the system's message bus cannot be reached"
    return (
        _ADDRESS.sub("device", str(error)).replace("device device", "device")
        or type(error).__name__
    )
