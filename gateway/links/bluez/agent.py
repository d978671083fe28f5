"""Our own pairing agent: answers BlueZ for the one device a technician is adding, and no other.

bluetoothd asks the default agent even for Just Works, and refuses to pair where there is none.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from dbus_fast import DBusError
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt16, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method

from gateway.links.bluez.bus import call
from gateway.sessions.answers import Answers

AGENT_PATH = "/vitals/agent"
_MANAGER = "org.bluez.AgentManager1"
WINDOW_SECONDS = 120.0  # whatever becomes of a pairing, nobody is answered for any longer
T = TypeVar("T")


class Window:
    """Which device may pair now, and who answers for it. Closed unless a technician opened it."""

    def __init__(self, usual: Answers, is_bonded: Callable[[str], bool]) -> None:
        self._usual = self.answers = usual
        self._is_bonded = is_bonded
        self._device: str | None = None
        self._asking: asyncio.Task[Any] | None = None
        self._end: asyncio.TimerHandle | None = None

    def open(self, device: str, answers: Answers | None = None) -> None:
        assert self._device is None, "one device at a time"
        self._device, self.answers = device, answers or self._usual
        loop = asyncio.get_running_loop()
        self._end = loop.call_later(WINDOW_SECONDS, self._shut)

    def close(self) -> None:
        self._shut()
        self.answers = self._usual

    def _shut(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
        self._device = None
        self.withdraw()

    def check(self, device: str) -> None:
        if device != self._device:
            raise DBusError("org.bluez.Error.Rejected", "no window is open for this device")

    def check_known(self, device: str) -> None:
        if not self._is_bonded(device):
            self.check(device)

    async def ask(self, device: str, question: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The person's answer; a question that BlueZ or the window withdrew is an error."""
        self.check(device)
        self.withdraw()
        task: asyncio.Task[T] = asyncio.get_running_loop().create_task(question())
        self._asking = task
        await asyncio.wait({task})
        if task.cancelled():
            raise DBusError("org.bluez.Error.Canceled", "withdrawn")
        self.check(device)
        return task.result()

    def withdraw(self) -> None:
        """Close the prompt, if there is one."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None


def _answered(answer: T | None) -> T:
    if answer is None:
        raise DBusError("org.bluez.Error.Rejected", "nobody answers")
    return answer


class Agent(ServiceInterface):
    """`org.bluez.Agent1` (BlueZ doc/org.bluez.Agent.rst)."""

    def __init__(self, window: Window) -> None:
        super().__init__("org.bluez.Agent1")
        self._window = window

    @dbus_method(name="RequestPasskey")
    async def request_passkey(self, device: DBusObjectPath) -> DBusUInt32:
        return _answered(await self._window.ask(device, self._window.answers.passkey))

    @dbus_method(name="RequestPinCode")
    async def request_pin_code(self, device: DBusObjectPath) -> DBusStr:
        return _answered(await self._window.ask(device, self._window.answers.pin))

    @dbus_method(name="RequestConfirmation")
    async def request_confirmation(self, device: DBusObjectPath, number: DBusUInt32) -> None:
        if not await self._window.ask(device, lambda: self._window.answers.same(number)):
            raise DBusError("org.bluez.Error.Rejected", "the numbers differ")

    @dbus_method(name="RequestAuthorization")
    def request_authorization(self, device: DBusObjectPath) -> None:
        self._window.check(device)

    @dbus_method(name="AuthorizeService")
    def authorize_service(self, device: DBusObjectPath, _uuid: DBusStr) -> None:
        self._window.check_known(device)

    @dbus_method(name="DisplayPinCode")
    def display_pin_code(self, device: DBusObjectPath, pin: DBusStr) -> None:
        self._window.check(device)
        self._window.answers.show(pin)

    @dbus_method(name="DisplayPasskey")
    def display_passkey(
        self, device: DBusObjectPath, passkey: DBusUInt32, _entered: DBusUInt16
    ) -> None:
        self._window.check(device)
        self._window.answers.show(f"{passkey:06d}")

    @dbus_method(name="Cancel")
    def cancel(self) -> None:
        self._window.withdraw()

    @dbus_method(name="Release")
    def release(self) -> None:
        self._window.withdraw()


async def register(bus: MessageBus, capability: str) -> None:
    """Make the agent exported on this bus known to bluetoothd, and the default one.

    Pair() arrives at bluetoothd from bleak's own connection, which has no agent: only the default
    one is asked then.
    """
    await unregister(bus)
    await call(bus, "/org/bluez", _MANAGER, "RegisterAgent", "os", AGENT_PATH, capability)
    await make_default(bus)


async def make_default(bus: MessageBus) -> None:
    """Again now and then: an interactive bluetoothctl takes the role for itself."""
    await call(bus, "/org/bluez", _MANAGER, "RequestDefaultAgent", "o", AGENT_PATH)


async def unregister(bus: MessageBus) -> None:
    with suppress(DBusError):
        await call(bus, "/org/bluez", _MANAGER, "UnregisterAgent", "o", AGENT_PATH)
