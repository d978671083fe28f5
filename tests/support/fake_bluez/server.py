"""A process on the message bus that answers calls to `org.bluez`, or scripted errors."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

Handler = Callable[[Message], Awaitable[tuple[str, list[Any]] | None]]
PROPERTIES = "org.freedesktop.DBus.Properties"


class Server:
    """Calls of a member go to `_on_<member>`; `errors` are what the next ones answer instead."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.calls: Counter[str] = Counter()
        self.log: list[str] = []  # members called, in order
        self.errors: dict[str, list[str]] = {}
        self.hangs = False  # as with SIGSTOP: it is there and answers nothing
        self._bus: MessageBus | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._bus = await MessageBus(bus_address=self.address).connect()
        self._bus.add_message_handler(self._on_message)
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        bus = "org.freedesktop.DBus"
        await self._bus.call(
            Message(bus, "/org/freedesktop/DBus", bus, "AddMatch", signature="s", body=[rule])
        )
        await self._bus.request_name("org.bluez")

    async def crash(self) -> None:
        """As with SIGKILL: no signal but the bus's own about the name."""
        for task in list(self._tasks):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert self._bus is not None
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.member == "NameOwnerChanged":
            self._forget_peer(*message.body)
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.destination not in {"org.bluez", self._name} or message.path is None:
            return None
        if self.hangs:
            return True
        task = asyncio.get_running_loop().create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    @property
    def _name(self) -> str | None:
        return self._bus.unique_name if self._bus else None

    async def _answer(self, message: Message) -> None:
        assert self._bus is not None
        member = message.member or ""
        self.calls[member] += 1
        self.log.append(member)
        try:
            signature, body = await self._handler(member)(message) or ("", [])
            reply = Message.new_method_return(message, signature, body)
        except DBusError as error:
            reply = Message.new_error(message, error.type, error.text)
        with suppress(Exception):
            await self._bus.send(reply)

    def _handler(self, member: str) -> Handler:
        scripted = self.errors.get(member)
        if scripted:
            raise DBusError(scripted.pop(0), "scripted")
        handler: Handler | None = getattr(self, f"_on_{member.lower()}", None)
        if handler is None:
            raise DBusError("org.freedesktop.DBus.Error.UnknownMethod", member)
        return handler

    def _signal(self, path: str, interface: str, member: str, types: str, body: list[Any]) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, types, body))

    def _changed(self, path: str, interface: str, **values: Variant) -> None:
        body = [interface, values, []]
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def _forget_peer(self, name: str, old: str, new: str) -> None:
        raise NotImplementedError
