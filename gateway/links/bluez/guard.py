"""Keeps our side of BlueZ alive: bus, agent and standing subscriptions, whoever comes or goes.

bleak does not notice when bluetoothd dies: links stay up in its eyes. So the owner of the name
`org.bluez` is watched here, and links are dropped and made anew.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from dbus_fast.aio import MessageBus

from gateway.links.adapter import bluez_version
from gateway.links.bluez import agent
from gateway.links.bluez.agent import Agent, Window
from gateway.links.bluez.answering import Answering
from gateway.links.bluez.bus import (
    FAULTS,
    OBJECTS,
    bluez_is_there,
    call,
    close,
    ended,
    hear_bluez,
    open_bus,
)
from gateway.links.bluez.callers import Callers
from gateway.links.bluez.held import HeldLink
from gateway.links.bluez.letting_go import end_links
from gateway.links.bluez.objects import DEVICE, Objects
from gateway.links.bluez.signals import Signals
from gateway.links.bluez.standing import Standing
from gateway.links.bluez.versions import Verdict, verdict
from gateway.links.bluez.visitors import Visitors
from gateway.sessions.answers import Answers, Nobody
from gateway.sessions.link import (
    Ears,
    LinkError,
    RadioRefusedError,
    Watch,
)

RETRY_SECONDS = 2.0
REFRESH_SECONDS = 300.0
READY_SECONDS = 10.0
RESOLVE_SECONDS = 10.0  # until BlueZ knows the characteristics of a device it has connected
LEAVE_SECONDS = 5.0  # for a stranger's link to end
_log = logging.getLogger(__name__)


class Bluez:
    """Our long-lived side of bluetoothd, for one process."""

    def __init__(
        self,
        answers: Answers | None = None,
        *,
        retry_s: float = RETRY_SECONDS,
        refresh_s: float = REFRESH_SECONDS,
        answering: Answering | None = None,
    ) -> None:
        self._retry_s, self._refresh_s = retry_s, refresh_s
        self.objects = Objects()
        self.standing = Standing(self.objects)
        self.visitors = Visitors(self.objects)
        self.answering = answering or Answering()
        self._callers = Callers()
        self._window = Window(answers or Nobody(), self.objects.is_bonded)
        self._called: frozenset[str] = frozenset()
        self._capability = ""  # that the agent is registered with
        self._bus: MessageBus | None = None
        self._ready = asyncio.Event()
        self._due = asyncio.Event()
        self._signals = Signals(
            self.objects, self.standing, self.visitors, due=self._due.set, lost=self._lost
        )
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
            if self._signals.fault is not None:
                raise self._signals.fault
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

    def watch(self, watch: Watch) -> None:
        """Whom to attend to from now on."""
        self.standing.watch(watch.devices)
        self._callers.want(watch.services)
        self._called = watch.called
        self._due.set()

    async def attend(self, ears: Ears) -> None:
        """`run`, and tell these ears what is heard of whoever is watched."""
        self._signals.ears = ears
        self.standing.stray = ears.stray
        await self.run()

    async def check_version(self) -> None:
        """RadioRefusedError where the installed version loses readings."""
        if self._verdict is None:
            self._verdict = verdict(await bluez_version())
            _log.info("%s", self._verdict.sentence)
        if not self._verdict.usable:
            raise RadioRefusedError(self._verdict.sentence)

    @asynccontextmanager
    async def window(self, device: str, answers: Answers | None = None) -> AsyncIterator[None]:
        """Let the device at this path pair, for the length of the block; `answers` speaks for it.

        What a keyboard and a display could do is known to BlueZ only while there are any.
        """
        bus = await self.until_ready()
        self._window.open(device, answers)
        try:
            try:
                await self._introduce(bus)
            except FAULTS as error:
                raise LinkError("bluetoothd did not take the hub's agent") from error
            yield
        finally:
            self._window.close()
            with suppress(*FAULTS):
                if bus.connected and self._ready.is_set():
                    await self._introduce(bus)

    @asynccontextmanager
    async def held(self, path: str) -> AsyncIterator[HeldLink]:
        """A conversation over the link that bluetoothd made to the device at this path."""
        bus = await self.until_ready()
        await self.visitors.until(lambda: self._is_resolved(path) is not None, RESOLVE_SECONDS)
        if not self._is_resolved(path):
            raise LinkError("the device went before its services were known")
        link = HeldLink(bus, self.standing, self.objects.channels_of(path))
        try:
            with self.visitors.speaking(path, link):
                yield link
        finally:
            self.standing.release(path)

    async def hang_up_stranger(self, path: str) -> None:
        """End a link to a device without a bond that somebody left: bleak would not pair over it.

        bleak takes any link that is up for its own, and skips connecting and pairing.
        """
        if self.visitors.is_here(path) and not self.objects.is_bonded(path):
            await call(await self.until_ready(), path, DEVICE, "Disconnect")
            await self.visitors.until(lambda: not self.visitors.is_here(path), LEAVE_SECONDS)

    async def will_connect(self, path: str, seconds: float) -> bool:
        """Whether bluetoothd has connected the device at this path by itself, or does so soon."""
        known = self.objects.devices.get(path)
        if known is None or not (self._callers.are_set and self.standing.covers_device(path)):
            return False
        if known.id in self._called:
            await self.visitors.until(lambda: self.visitors.is_here(path), seconds)
        return self.visitors.is_here(path)

    def _is_resolved(self, path: str) -> bool | None:
        """Whether its characteristics are known; None while they may yet be."""
        known = self.objects.devices.get(path)
        if known is None or not known.connected:
            return False
        return known.resolved or None

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
            raise self.answering.silence() from None
        assert self._bus is not None
        return self._bus

    async def _hold_bus(self) -> None:
        bus = await open_bus()
        bus.export(agent.AGENT_PATH, Agent(self._window))
        bus.add_message_handler(self._signals.on_message)
        closed = asyncio.get_running_loop().create_task(ended(bus))
        try:
            await hear_bluez(bus)
            self._bus = bus
            self._due.set()
            try:
                async with self.answering.asked(bus, self._lost):
                    await self._tend_until(closed, bus)
            finally:  # links first: see letting_go
                with suppress(*FAULTS):
                    if bus.connected:
                        await end_links(bus)
        finally:
            self._lost()
            self._callers.left()
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
            if self._signals.fault is not None:
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
            self._capability = ""
            await self._introduce(bus)
        await self.standing.stand(bus)
        if losses != self._losses:
            return
        self._ready.set()
        await self._callers.register(bus, self.objects.adapters)
        if losses != self._losses:
            self._callers.forget()
        elif self._signals.ears is not None:
            self._signals.ears.background(self._callers.refusal)

    async def _introduce(self, bus: MessageBus) -> None:
        """Be the default agent, with the capability of whoever answers now."""
        capability = self._window.answers.capability
        if self._capability != capability:
            await agent.register(bus, capability)
            self._capability = capability

    def _lost(self) -> None:
        """Daemon or bus went: nothing we had of it holds any longer."""
        self._losses += 1
        self._ready.clear()
        self._window.close()
        self.objects.clear()
        self.standing.forget()
        self.visitors.all_gone()
        self._callers.forget()
        self.on_loss()
