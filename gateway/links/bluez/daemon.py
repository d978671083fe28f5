"""bluetoothd as a service: does it run, which adapter has it, and stopped for a while.

Asking whether it runs does not start it: only a message to `org.bluez` itself would.
"""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.links.bluez.bus import FAULTS, OBJECTS, bluez_is_there, call, close, open_bus
from gateway.sessions.link import RadioUnavailableError

_ADAPTER = "org.bluez.Adapter1"
_STOP_SECONDS = 30
_STILL_RUNS = (
    "bluetoothd runs and could not be stopped; bonds cannot be put back under it. Nothing was "
    "changed. Stop it and try again: systemctl stop bluetooth"
)
Systemctl = Callable[[str], None]


def adapter_address() -> str | None:
    """The address of the adapter that the hub uses; None where bluetoothd or the bus is down."""
    return asyncio.run(_address())


@contextmanager
def stopped(systemctl: Systemctl | None = None) -> Iterator[None]:
    """Bluetoothd does not run for the block; one that ran is started again afterwards.

    RadioUnavailableError where it runs and does not stop. `systemctl` is given a verb.
    """
    control = systemctl or _systemctl
    if not asyncio.run(_running()):
        yield
        return
    control("stop")
    if asyncio.run(_running()):
        raise RadioUnavailableError(_STILL_RUNS)
    try:
        yield
    finally:
        control("start")


async def _address() -> str | None:
    try:
        bus = await open_bus()
    except FAULTS:
        return None
    try:
        if not await bluez_is_there(bus):
            return None
        found = (await call(bus, "/", OBJECTS, "GetManagedObjects"))[0]
        paths = sorted(path for path, held in found.items() if _ADAPTER in held)
        return str(found[paths[0]][_ADAPTER]["Address"].value).upper() if paths else None
    except FAULTS:
        return None
    finally:
        await close(bus)


async def _running() -> bool:
    try:
        bus = await open_bus()
    except FAULTS:
        return False  # without a message bus there is no bluetoothd
    try:
        return await bluez_is_there(bus)
    finally:
        await close(bus)


def _systemctl(verb: str) -> None:
    command = ["/usr/bin/systemctl", verb, "bluetooth.service"]
    try:
        subprocess.run(command, check=False, capture_output=True, timeout=_STOP_SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return  # whether it runs is asked of the bus
