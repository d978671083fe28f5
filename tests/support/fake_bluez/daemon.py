"""The scripted bluetoothd itself: answers calls, asks the agent, owns subscriptions by sender."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.support.fake_bluez.device import ADAPTER, FakeDevice

Handler = Callable[[Message], Awaitable[tuple[str, list[Any]] | None]]
OBJECTS = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
FAILED = "org.bluez.Error.Failed"
REFUSED = "org.bluez.Error.AuthenticationFailed"
_ADAPTER = {
    "Address": Variant("s", "C0:FF:EE:00:00:01"),
    "Powered": Variant("b", True),
    "Roles": Variant("as", ["central"]),
}


class FakeBluez:
    """One adapter with these devices. Bonds survive a crash, nothing else does."""

    def __init__(self, address: str, *devices: FakeDevice) -> None:
        self.address = address
        self.devices = {device.path: device for device in devices}
        self.calls: Counter[str] = Counter()
        self.agents: list[tuple[str, str, str]] = []
        self.default: tuple[str, str, str] | None = None
        self.notifying: dict[str, set[str]] = {}
        self.errors: dict[str, list[str]] = {}  # what the next calls of this member answer
        self.times_signalled = 1
        self.cleared: list[str] = []  # where an owner vanished on a live link: CCCD 0 was written
        self._bus: MessageBus | None = None
        self._scanning: asyncio.Task[None] | None = None
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
        for device in self.devices.values():
            self._added(device)

    async def crash(self) -> None:
        """As with SIGKILL: no signal but the bus's own about the name."""
        for task in [*self._tasks, self._scanning]:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        assert self._bus is not None
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        self.agents.clear()
        self.notifying.clear()
        self.default = self._scanning = None
        for device in self.devices.values():
            device.connected = device.resolved = device.discovered = False

    # what a test does to it

    def indicate(self, device: FakeDevice, value: bytes, channel: str | None = None) -> None:
        """Bluetoothd confirms in any case; it signals only where somebody subscribed."""
        path = device.characteristic(channel or device.channels[0])
        device.confirmed += 1
        if self.notifying.get(path):
            for _ in range(self.times_signalled):
                self._changed(path, "org.bluez.GattCharacteristic1", Value=Variant("ay", value))

    def drop(self, device: FakeDevice) -> None:
        device.connected = device.resolved = False
        off = Variant("b", False)
        self._changed(device.path, "org.bluez.Device1", Connected=off, ServicesResolved=off)

    def remove(self, device: FakeDevice) -> None:
        for path, interfaces in device.objects().items():
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [path, list(interfaces)])
        device.bonded = device.discovered = device.connected = device.resolved = False

    async def ask_agent(self, member: str, signature: str, *body: object) -> Message:
        """Call the default agent; its answer or its error."""
        if self.default is None:
            raise DBusError(REFUSED, "no agent")
        assert self._bus is not None
        sender, path, _ = self.default
        reply = await self._bus.call(
            Message(sender, path, "org.bluez.Agent1", member, signature=signature, body=list(body))
        )
        assert reply is not None
        return reply

    # the bus

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.member == "NameOwnerChanged":
            self._forget_peer(*message.body)
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.destination not in {"org.bluez", self._name} or message.path is None:
            return None
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

    def _device(self, message: Message) -> FakeDevice:
        return self._at(message.path or "")

    def _at(self, wanted: str) -> FakeDevice:
        for path, device in self.devices.items():
            if f"{wanted}/".startswith(path + "/"):
                return device
        raise DBusError("org.freedesktop.DBus.Error.UnknownObject", "no such object")

    def _forget_peer(self, name: str, _old: str, new: str) -> None:
        if not new:
            for path, owners in self.notifying.items():
                if name in owners and self._at(path).connected:
                    self.cleared.append(path)
                owners.discard(name)
            self._forget_agent(name)

    def _forget_agent(self, name: str) -> None:
        self.agents = [agent for agent in self.agents if agent[0] != name]
        if self.default and self.default[0] == name:
            self.default = self.agents[-1] if self.agents else None

    def _signal(self, path: str, interface: str, member: str, types: str, body: list[Any]) -> None:
        assert self._bus is not None
        self._bus.send(Message.new_signal(path, interface, member, types, body))

    def _changed(self, path: str, interface: str, **values: Variant) -> None:
        body = [interface, values, []]
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def _added(self, device: FakeDevice) -> None:
        for path, interfaces in device.objects().items():
            self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    # org.bluez

    async def _on_getmanagedobjects(self, _message: Message) -> tuple[str, list[Any]]:
        found: dict[str, Any] = {ADAPTER: {"org.bluez.Adapter1": _ADAPTER}}
        for device in self.devices.values():
            found |= device.objects()
        return "a{oa{sa{sv}}}", [found]

    async def _on_setdiscoveryfilter(self, _message: Message) -> None:
        return None

    async def _on_startdiscovery(self, _message: Message) -> None:
        async def advertise() -> None:
            while True:
                for device in self.devices.values():
                    self._changed(device.path, "org.bluez.Device1", RSSI=Variant("n", -60))
                await asyncio.sleep(0.02)

        if self._scanning is None:
            self._scanning = asyncio.get_running_loop().create_task(advertise())

    async def _on_stopdiscovery(self, _message: Message) -> None:
        if self._scanning is None:
            raise DBusError(FAILED, "No discovery started")
        self._scanning.cancel()
        self._scanning = None

    async def _on_removedevice(self, message: Message) -> None:
        device = self.devices[message.body[0]]
        self.remove(device)
        self._added(device)  # it still advertises

    async def _on_set(self, _message: Message) -> None:
        return None  # Trusted

    async def _on_connect(self, message: Message) -> None:
        device = self._device(message)
        device.connects += 1
        if device.stale:
            on = Variant("b", True)
            self._changed(device.path, "org.bluez.Device1", Connected=on)
            self._changed(device.path, "org.bluez.Device1", Connected=Variant("b", False))
            raise DBusError(FAILED, "le-connection-abort-by-local")
        self._connect(device)

    def _connect(self, device: FakeDevice) -> None:
        device.connected = device.resolved = True
        on = Variant("b", True)
        self._changed(device.path, "org.bluez.Device1", Connected=on)
        while device.early:
            self.indicate(device, device.early.pop(0))
        if not device.discovered:
            device.discovered = True
            self._added(device)
        self._changed(device.path, "org.bluez.Device1", ServicesResolved=on)

    async def _on_disconnect(self, message: Message) -> None:
        self.drop(self._device(message))

    async def _on_pair(self, message: Message) -> None:
        device = self._device(message)
        if not await self._agreed(device):
            raise DBusError(REFUSED, "Authentication Failed")
        device.bonded = True
        on = Variant("b", True)
        self._changed(device.path, "org.bluez.Device1", Paired=on)
        self._connect(device)

    async def _agreed(self, device: FakeDevice) -> bool:
        match device.pairing:
            case "passkey" | "never_ends":
                reply = await self.ask_agent("RequestPasskey", "o", device.path)
            case "pin":
                reply = await self.ask_agent("RequestPinCode", "o", device.path)
            case "compare":
                reply = await self.ask_agent("RequestConfirmation", "ou", device.path, device.code)
            case "just_works":
                reply = await self.ask_agent("RequestAuthorization", "o", device.path)
        if reply.message_type is MessageType.ERROR:
            return False
        return not reply.body or int(reply.body[0]) == device.code

    async def _on_registeragent(self, message: Message) -> None:
        self.agents.append((message.sender or "", *message.body))

    async def _on_requestdefaultagent(self, message: Message) -> None:
        mine = [agent for agent in self.agents if agent[0] == message.sender]
        if not mine:
            raise DBusError("org.bluez.Error.DoesNotExist", "no agent")
        self.default = mine[-1]

    async def _on_unregisteragent(self, message: Message) -> None:
        if not any(agent[0] == message.sender for agent in self.agents):
            raise DBusError("org.bluez.Error.DoesNotExist", "no agent")
        self._forget_agent(message.sender or "")

    async def _on_startnotify(self, message: Message) -> None:
        device = self._device(message)
        if not device.discovered:
            raise DBusError("org.freedesktop.DBus.Error.UnknownObject", "no such object")
        if not device.bonded:
            raise DBusError("org.bluez.Error.NotPermitted", "Insufficient authentication")
        owners = self.notifying.setdefault(message.path or "", set())
        if message.sender in owners and not device.connected:
            raise DBusError("org.bluez.Error.InProgress", "In Progress")
        owners.add(message.sender or "")
