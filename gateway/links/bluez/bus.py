"""One long-lived connection to the system's message bus, and calls to BlueZ over it."""

import asyncio
from contextlib import suppress
from typing import Any

from dbus_fast import AuthError, BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

BLUEZ = "org.bluez"
BUS = "org.freedesktop.DBus"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
BusError = DBusError
# whatever a call may end with when the bus, the daemon or time fails
FAULTS = (DBusError, AuthError, OSError, EOFError, asyncio.TimeoutError)
CALL_SECONDS = 10.0
_SIGNALS = (
    f"type='signal',sender='{BUS}',member='NameOwnerChanged',arg0='{BLUEZ}'",
    f"type='signal',sender='{BLUEZ}',interface='{OBJECTS}'",
    f"type='signal',sender='{BLUEZ}',interface='{PROPERTIES}',path_namespace='/org/bluez'",
    f"type='signal',sender='{BLUEZ}',interface='org.bluez.Device1',path_namespace='/org/bluez'",
)


async def open_bus() -> MessageBus:
    """A connection that `close` ends; one of FAULTS where there is no bus."""
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        return await bus.connect()
    except BaseException:
        bus.disconnect()
        raise


async def close(bus: MessageBus) -> None:
    """Let go of the connection and its descriptor, however it ended."""
    bus.disconnect()
    await ended(bus)


async def ended(bus: MessageBus) -> None:
    """Until the connection is gone, for whatever reason."""
    with suppress(Exception):
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def call(  # noqa: PLR0913 - what a D-Bus call consists of
    bus: MessageBus,
    path: str,
    interface: str,
    member: str,
    signature: str = "",
    *body: object,
    destination: str = BLUEZ,
) -> list[Any]:
    """The answer's body; one of FAULTS where the answer is an error, or none comes in time."""
    message = Message(
        destination=destination,
        path=path,
        interface=interface,
        member=member,
        signature=signature,
        body=list(body),
    )
    async with asyncio.timeout(CALL_SECONDS):
        reply = await bus.call(message)
    assert reply is not None
    if reply.message_type is MessageType.ERROR:
        text = str(reply.body[0]) if reply.body else ""
        raise DBusError(reply.error_name or "org.bluez.Error.Failed", text)
    return list(reply.body)


async def hear_bluez(bus: MessageBus) -> None:
    """Have BlueZ's signals delivered, and whether the daemon comes or goes."""
    for rule in _SIGNALS:
        await call(bus, "/org/freedesktop/DBus", BUS, "AddMatch", "s", rule, destination=BUS)


async def bluez_is_there(bus: MessageBus) -> bool:
    answer = await call(
        bus, "/org/freedesktop/DBus", BUS, "NameHasOwner", "s", BLUEZ, destination=BUS
    )
    return bool(answer[0])
