"""The scripted bluetoothd itself: answers calls, asks the agent, owns subscriptions by sender."""

import asyncio
from typing import Any

from dbus_fast import DBusError, Message, MessageFlag, MessageType, Variant

from tests.support.fake_bluez.device import ADAPTER, FakeDevice, full
from tests.support.fake_bluez.server import Server

OBJECTS = "org.freedesktop.DBus.ObjectManager"
FAILED = "org.bluez.Error.Failed"
REFUSED = "org.bluez.Error.AuthenticationFailed"
_ADAPTER = {
    "Address": Variant("s", "C0:FF:EE:00:00:01"),
    "Powered": Variant("b", True),
    "Roles": Variant("as", ["central"]),
}


class FakeBluez(Server):
    """One adapter with these devices. Bonds survive a crash, nothing else does."""

    def __init__(self, address: str, *devices: FakeDevice) -> None:
        super().__init__(address)
        self.devices = {device.path: device for device in devices}
        self.agents: list[tuple[str, str, str]] = []
        self.capabilities: list[str] = []  # of every agent so far
        self.default: tuple[str, str, str] | None = None
        self.notifying: dict[str, set[str]] = {}
        self.times_signalled = 1
        self.version = 66  # BlueZ 5.x: from 83 on it says why a link ended
        self.asks_for_s = 60.0  # how long it waits for an agent's answer
        self.background: dict[str, list[str]] = {}  # sender: services it asked to have connected
        self.cleared: list[str] = []  # where an owner vanished on a live link: CCCD 0 was written
        self._scanning: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await super().start()
        for device in self.devices.values():
            self._added(device)

    async def crash(self) -> None:
        if self._scanning is not None:
            self._scanning.cancel()
            await asyncio.gather(self._scanning, return_exceptions=True)
        await super().crash()
        self.agents.clear()
        self.notifying.clear()
        self.background.clear()
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

    def wake(self, device: FakeDevice) -> bool:
        """It advertises for a moment; whether that made the kernel connect to it."""
        services = {uuid for asked in self.background.values() for uuid in asked}
        wanted = device.bonded and full(device.service) in services
        if wanted and not device.connected:
            self._connect(device)
        return wanted

    def drop(self, device: FakeDevice, reason: str = "Remote") -> None:
        device.connected = device.resolved = False
        if self.version >= 83:
            body = [f"org.bluez.Reason.{reason}", "scripted"]
            self._signal(device.path, "org.bluez.Device1", "Disconnected", "ss", body)
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
        asking = self._bus.call(
            Message(sender, path, "org.bluez.Agent1", member, signature=signature, body=list(body))
        )
        try:
            async with asyncio.timeout(self.asks_for_s):
                reply = await asking
        except TimeoutError:  # agent.c: REQUEST_TIMEOUT, then Cancel
            cancel = Message(sender, path, "org.bluez.Agent1", "Cancel")
            cancel.flags = MessageFlag.NO_REPLY_EXPECTED
            await self._bus.send(cancel)
            raise DBusError("org.bluez.Error.AuthenticationTimeout", "timed out") from None
        assert reply is not None
        return reply

    # what it keeps account of

    def _device(self, message: Message) -> FakeDevice:
        return self._at(message.path or "")

    def _at(self, wanted: str) -> FakeDevice:
        for path, device in self.devices.items():
            if f"{wanted}/".startswith(path + "/"):
                return device
        raise DBusError("org.freedesktop.DBus.Error.UnknownObject", "no such object")

    def _forget_peer(self, name: str, _old: str, new: str) -> None:
        if not new:
            self.background.pop(name, None)
            for path, owners in self.notifying.items():
                if name in owners and self._at(path).connected:
                    self.cleared.append(path)
                owners.discard(name)
            self._forget_agent(name)

    def _forget_agent(self, name: str) -> None:
        self.agents = [agent for agent in self.agents if agent[0] != name]
        if self.default and self.default[0] == name:
            self.default = self.agents[-1] if self.agents else None

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
                    if device.advertises and not device.connected:
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
        if device.stale and self.version >= 83:
            self.drop(device, "Authentication")
            raise DBusError(FAILED, "br-connection-key-missing")
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

    async def _on_registerapplication(self, message: Message) -> None:
        """As gatt-database.c: the caller is asked for its objects; without a profile it fails."""
        assert self._bus is not None
        sender, path = message.sender or "", message.body[0]
        if sender in self.background:
            raise DBusError("org.bluez.Error.AlreadyExists", "Already Exists")
        reply = await self._bus.call(Message(sender, path, OBJECTS, "GetManagedObjects"))
        assert reply is not None
        assert reply.message_type is MessageType.METHOD_RETURN, reply.body
        found = [
            properties["UUIDs"].value
            for name, interfaces in reply.body[0].items()
            for interface, properties in interfaces.items()
            if interface == "org.bluez.GattProfile1" and name.startswith(path + "/")
        ]
        if not found:
            raise DBusError(FAILED, "No valid service object found")
        self.background[sender] = found[0]

    async def _on_unregisterapplication(self, message: Message) -> None:
        if self.background.pop(message.sender or "", None) is None:
            raise DBusError("org.bluez.Error.DoesNotExist", "Does Not Exist")

    async def _on_readvalue(self, message: Message) -> tuple[str, list[Any]]:
        device = self._linked(message)
        return "ay", [device.values.get(device.channel_at(message.path or "") or "", b"")]

    async def _on_writevalue(self, message: Message) -> None:
        device = self._linked(message)
        channel = device.channel_at(message.path or "") or ""
        if channel in device.refuses:
            raise DBusError(
                FAILED, f"Operation failed with ATT error: 0x{device.refuses[channel]:02x}"
            )
        device.values[channel] = bytes(message.body[0])

    def _linked(self, message: Message) -> FakeDevice:
        device = self._device(message)
        if not device.connected:
            raise DBusError("org.bluez.Error.NotConnected", "Not Connected")
        return device

    async def _on_registeragent(self, message: Message) -> None:
        self.agents.append((message.sender or "", *message.body))
        self.capabilities.append(message.body[1])

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
