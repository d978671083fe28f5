"""Keeps our side of BlueZ alive: bus, agent and standing subscriptions, whoever comes or goes.

bleak does not notice when bluetoothd dies: links stay up in its eyes. So the owner of the name
`org.bluez` is watched here, and links are dropped and made anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.links.bluez import agent
from gateway.links.bluez.agent import Agent, Answers, Nobody, Window
from gateway.links.bluez.bus import (
    BLUEZ,
    BUS,
    FAULTS,
    OBJECTS,
    PROPERTIES,
    bluez_is_there,
    call,
    close,
    ended,
    hear_bluez,
    open_bus,
)
from gateway.links.bluez.letting_go import end_links
from gateway.links.bluez.objects import CHARACTERISTIC, DEVICE, Objects
from gateway.links.bluez.standing import OnStray, Standing
from gateway.links.bluez.versions import Verdict, verdict
from gateway.sessions.link import RadioRefusedError, RadioUnavailableError

RETRY_SECONDS = 2.0
REFRESH_SECONDS = 300.0
READY_SECONDS = 10.0
_SILENT = "bluetoothd does not answer; see systemctl status bluetooth"
_log = logging.getLogger(__name__)


class Bluez:
    """Our long-lived side of bluetoothd, for one process."""

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        retry_s: float = RETRY_SECONDS,
        refresh_s: float = REFRESH_SECONDS,
    ) -> None:
        self._retry_s, self._refresh_s = retry_s, refresh_s
        self.objects = Objects()
        self.standing = Standing(self.objects)
        self._window = Window(answers or Nobody(), self.objects.is_bonded)
        self._bus: MessageBus | None = None
        self._ready = asyncio.Event()
        self._due = asyncio.Event()
        self._fault: Exception | None = None
        self._verdict: Verdict | None = None
        self._losses = 0
        self.on_loss: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Until cancelled. Ends with the fault of whoever was to keep a value, a full disk say."""
        while True:
            try:
                await self._hold_bus()
            except FAULTS as error:
                _log.warning("message bus: %s", type(error).__name__)
            if self._fault is not None:
                raise self._fault
            await asyncio.sleep(self._retry_s)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """`run` for the length of the block."""
        task = asyncio.get_running_loop().create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def attend(self, devices: frozenset[str], stray: OnStray) -> None:
        """`run`, and stand for these devices."""
        self.standing.watch(devices, stray)
        await self.run()

    async def check_version(self) -> None:
        """RadioRefusedError where the installed version loses readings."""
        if self._verdict is None:
            self._verdict = verdict(await _bluetoothctl_version())
            _log.info("%s", self._verdict.sentence)
        if not self._verdict.usable:
            raise RadioRefusedError(self._verdict.sentence)

    @asynccontextmanager
    async def window(self, device: str) -> AsyncIterator[None]:
        """Let the device at this path pair, for the length of the block."""
        await self.until_ready()
        self._window.open(device)
        try:
            yield
        finally:
            self._window.close()

    async def subscribe(self, path: str, on_value: Callable[[bytes], None]) -> None:
        """Have a covered characteristic's values delivered to a conversation."""
        await self.standing.subscribe(await self.until_ready(), path, on_value)

    async def remove(self, device: str) -> bool:
        """Delete the bond, because a person asked; False where BlueZ does not know the device."""
        bus = await self.until_ready()
        path = self.objects.path_of(device)
        if path is None:
            return False
        adapter = path.rpartition("/")[0]
        await call(bus, adapter, "org.bluez.Adapter1", "RemoveDevice", "o", path)
        return True

    async def until_ready(self) -> MessageBus:
        """Until agent and subscriptions stand: a device that speaks first is heard from then on."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready.wait()
        except TimeoutError:
            raise RadioUnavailableError(_SILENT) from None
        assert self._bus is not None
        return self._bus

    async def _hold_bus(self) -> None:
        bus = await open_bus()
        bus.export(agent.AGENT_PATH, Agent(self._window))
        bus.add_message_handler(self._on_message)
        closed = asyncio.get_running_loop().create_task(ended(bus))
        try:
            await hear_bluez(bus)
            self._bus = bus
            self._due.set()
            try:
                await self._tend_until(closed, bus)
            finally:  # links first: see letting_go
                with suppress(*FAULTS):
                    if bus.connected:
                        await end_links(bus)
        finally:
            self._lost()
            self._bus = None
            with suppress(*FAULTS):
                if bus.connected:
                    await agent.unregister(bus)
            await close(bus)
            await closed

    async def _tend_until(self, closed: asyncio.Task[None], bus: MessageBus) -> None:
        while not closed.done():
            with suppress(*FAULTS):
                await self._tend(bus)
            ready = self._ready.is_set()
            pause = self._refresh_s if ready else self._retry_s
            due = asyncio.get_running_loop().create_task(self._due.wait())
            either: set[asyncio.Task[Any]] = {due, closed}
            await asyncio.wait(either, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if not due.done():
                due.cancel()
                if ready and not closed.done():
                    with suppress(*FAULTS):
                        await agent.make_default(bus)
            self._due.clear()
            if self._fault is not None:
                return

    async def _tend(self, bus: MessageBus) -> None:
        """Whatever is to be done after something changed; each step may be repeated.

        What was made for a daemon that has gone meanwhile counts for nothing.
        """
        losses = self._losses
        if not self._ready.is_set():
            if not await bluez_is_there(bus):
                return
            left = await end_links(bus)
            if left:
                _log.warning("%d links of an earlier process ended", left)
            found = await call(bus, "/", OBJECTS, "GetManagedObjects")
            for path, interfaces in found[0].items():
                self.objects.add(path, interfaces)
            await agent.register(bus, self._window.answers.capability)
        await self.standing.stand(bus)
        if losses == self._losses:
            self._ready.set()

    def _lost(self) -> None:
        """Daemon or bus went: nothing we had of it holds any longer."""
        self._losses += 1
        self._ready.clear()
        self._window.close()
        self.objects.clear()
        self.standing.forget()
        self.on_loss()

    def _on_message(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL:
            return
        path, body = message.path or "", message.body
        match (message.interface, message.member):
            case (name, "NameOwnerChanged") if name == BUS and body[0] == BLUEZ:
                if body[1]:
                    _log.warning("bluetoothd is gone")
                    self._lost()
                self._due.set()
            case (name, "InterfacesAdded") if name == OBJECTS:
                self.objects.add(body[0], body[1])
                self._due.set()
            case (name, "InterfacesRemoved") if name == OBJECTS:
                self.objects.remove(body[0], body[1])
                self.standing.gone(body[0])
            case (name, "PropertiesChanged") if name == PROPERTIES:
                self._on_change(path, body[0], body[1])

    def _on_change(self, path: str, interface: str, changed: dict[str, Variant]) -> None:
        if interface == DEVICE:
            self.objects.change(path, changed)
            if "Paired" in changed:
                self._due.set()
        elif interface == CHARACTERISTIC and "Value" in changed:
            try:
                self.standing.deliver(path, bytes(changed["Value"].value))
            except Exception as error:  # noqa: BLE001 - the D-Bus library would swallow it
                self._fault = error
                self._due.set()


async def _bluetoothctl_version() -> str | None:
    """BlueZ does not tell its version over D-Bus; its own tool does."""
    try:
        process = await asyncio.create_subprocess_exec(
            "bluetoothctl",
            "--version",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        said, _ = await process.communicate()
    except OSError:
        return None
    return said.decode(errors="replace")
