"""The Bluetooth adapter as a whole, over D-Bus: how it is, its power, a discovery that hangs.

Needs no right beyond what the system's D-Bus policy gives everyone.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec
from bleak.backends.bluezdbus.manager import get_global_bluez_manager
from bleak.exc import BleakError
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.sessions.link import LinkError

LIMIT_S = 5.0
_DARK_S = 1.0  # between off and on, for the controller to let go
_BLUEZ = "org.bluez"
_ADAPTER = "org.bluez.Adapter1"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_RFKILL = Path("/sys/class/rfkill")
State = Literal["on", "off", "blocked", "none", "unanswered"]


class Adapter(msgspec.Struct, frozen=True, kw_only=True):
    """What `look` found. `adapter` says nothing where bluetoothd does not run."""

    bus: bool
    bluetoothd: bool
    adapter: State = "none"


async def look(*, rfkill: Path = _RFKILL) -> Adapter:
    """How the radio is, without changing anything."""
    try:
        async with _system_bus() as bus:
            owner = await _call(bus, "org.freedesktop.DBus", "/", "GetNameOwner", "s", [_BLUEZ])
            if owner.message_type is MessageType.ERROR:
                return Adapter(bus=True, bluetoothd=False)
            try:
                path = await _path(bus)
                if path is None:
                    return Adapter(bus=True, bluetoothd=True, adapter="none")
                powered = await _powered(bus, path)
            except LinkError:  # it is there and hangs
                return Adapter(bus=True, bluetoothd=True, adapter="unanswered")
    except LinkError:
        return Adapter(bus=False, bluetoothd=False)
    state: State = "on" if powered else "blocked" if blocked(rfkill) else "off"
    return Adapter(bus=True, bluetoothd=True, adapter=state)


def blocked(rfkill: Path = _RFKILL) -> bool:
    """Whether a switch, of software or hardware, holds a Bluetooth radio off."""
    for switch in rfkill.glob("rfkill*"):
        with suppress(OSError):
            if (switch / "type").read_text().strip() == "bluetooth" and "1" in (
                (switch / "soft").read_text().strip(),
                (switch / "hard").read_text().strip(),
            ):
                return True
    return False


async def stop_discovery(_reason: str) -> str:
    """End a discovery that BlueZ believes to be under way. Only its owner may: bleak's own bus."""
    try:
        async with asyncio.timeout(LIMIT_S):
            bus = (await get_global_bluez_manager())._bus  # noqa: SLF001  bleak < 3.2 gives no other
            if bus is None:
                return "failed: the system's message bus cannot be reached"
            path = await _path(bus)
            if path is None:
                return "failed: no adapter"
            reply = await _call(bus, _BLUEZ, path, "StopDiscovery", interface=_ADAPTER)
    except (BleakError, EOFError, TimeoutError) as error:
        raise LinkError(f"no answer to StopDiscovery ({type(error).__name__})") from error
    if reply.message_type is MessageType.ERROR:  # most often: none was under way
        return f"refused: {_short(reply)}"
    return "done"


async def power_cycle(_reason: str) -> str:
    """Off and on again. Where the state cannot even be read, only on: "off" would hang too."""
    async with _system_bus() as bus:
        path = await _path(bus)
        if path is None:
            return "failed: no adapter"
        with suppress(LinkError):
            await _powered(bus, path)
            await _set_power(bus, path, on=False)
            await asyncio.sleep(_DARK_S)
        reply = await _set_power(bus, path, on=True)
    if reply.message_type is MessageType.ERROR:
        return f"failed: {_short(reply)}"
    return "done"


async def bluez_version() -> str | None:
    """As `bluetoothctl` says it, which comes with bluetoothd; None where it is not installed."""
    try:
        process = await asyncio.create_subprocess_exec(
            "bluetoothctl",
            "--version",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return None
    said, _ = await process.communicate()
    return said.decode(errors="replace").strip().rpartition(" ")[2] or None


@asynccontextmanager
async def _system_bus() -> AsyncIterator[MessageBus]:
    try:
        async with asyncio.timeout(LIMIT_S):
            bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, EOFError, TimeoutError) as error:
        raise LinkError("the system's message bus cannot be reached") from error
    try:
        yield bus
    finally:
        bus.disconnect()


async def _path(bus: MessageBus) -> str | None:
    """The first adapter, as bleak chooses it."""
    reply = await _call(
        bus, _BLUEZ, "/", "GetManagedObjects", interface="org.freedesktop.DBus.ObjectManager"
    )
    if reply.message_type is MessageType.ERROR:
        return None
    return min((path for path, held in reply.body[0].items() if _ADAPTER in held), default=None)


async def _powered(bus: MessageBus, path: str) -> bool:
    reply = await _call(
        bus, _BLUEZ, path, "Get", "ss", [_ADAPTER, "Powered"], interface=_PROPERTIES
    )
    return reply.message_type is not MessageType.ERROR and bool(reply.body[0].value)


async def _set_power(bus: MessageBus, path: str, *, on: bool) -> Message:
    body = [_ADAPTER, "Powered", Variant("b", on)]
    return await _call(bus, _BLUEZ, path, "Set", "ssv", body, interface=_PROPERTIES)


async def _call(  # noqa: PLR0913, PLR0917 - a D-Bus call has so many parts
    bus: MessageBus,
    destination: str,
    path: str,
    member: str,
    signature: str = "",
    body: list[Any] | None = None,
    *,
    interface: str = "org.freedesktop.DBus",
) -> Message:
    message = Message(
        destination=destination,
        path=path,
        member=member,
        interface=interface,
        signature=signature,
        body=body or [],
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            reply = await bus.call(message)
    except (TimeoutError, EOFError, OSError) as error:
        raise LinkError(f"no answer to {member}") from error
    assert reply is not None
    return reply


def _short(reply: Message) -> str:
    return (reply.error_name or "").rpartition(".")[2]
