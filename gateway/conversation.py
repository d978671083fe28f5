"""Runs a pure session over a link: its actions become radio operations, answers become events.

A value is handed to the session and kept inside the radio's own callback: between a device's
indication and the commit lies no task switch.
"""

import asyncio
from datetime import datetime
from typing import Any, Protocol

from cloud_sync.contract.observation import Received
from cloud_sync.contract.readings import DeviceClock, Outcome
from gateway.decoders import decode
from gateway.profiles import Profile
from gateway.sessions.link import Link, LinkError
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    Progress,
    Read,
    ReadDone,
    Refused,
    Session,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
    Write,
    WriteDone,
)


class Desk(Protocol):
    """Where a conversation's results go, and what it may know of time. None of it waits."""

    def decode(self, channel: str, raw: bytes) -> Outcome: ...

    def keep(self, kept: Keep) -> None: ...

    def progress(self, sequence: int | None) -> None: ...

    def received(self) -> Received: ...

    def local(self) -> datetime: ...


async def converse(link: Link, session: Session, desk: Desk) -> Finish:
    """Hold the conversation to its end. Faults of the desk, a full disk say, end it too."""
    return await _Driver(link, session, desk).run()


class Clocks(Protocol):
    """The hub's clock, as far as a conversation needs it."""

    def received(self) -> Received: ...

    def local(self) -> datetime: ...


def decode_as(profile: Profile, channel: str, raw: bytes) -> Outcome:
    """What the profile's decoder for this characteristic makes of a payload."""
    named = (entry.decoder for entry in profile.channel if entry.characteristic == channel)
    return decode(next(named, channel), raw, profile.hints)


class _Driver:
    """One conversation under way."""

    def __init__(self, link: Link, session: Session, desk: Desk) -> None:
        self._link, self._session, self._desk = link, session, desk
        self._due: asyncio.Queue[Read | Write | Subscribe] = asyncio.Queue()
        self._end: asyncio.Future[Finish] = asyncio.get_running_loop().create_future()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> Finish:
        self._link.on_drop(lambda: self._feed(Dropped()))
        self._act(self._session.start(Connected(channels=self._link.channels)))
        if not self._link.is_up:
            self._feed(Dropped())
        work = asyncio.get_running_loop().create_task(self._work())
        try:
            either: set[asyncio.Future[Any]] = {work, self._end}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return self._end.result() if self._end.done() else await _raise(work)
        finally:
            self._cancel_timer()
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            action = await self._due.get()
            try:
                event = await self._perform(action)
            except LinkError as error:
                event = Refused(
                    channel=action.channel, reason=str(error), att_error=error.att_error
                )
            self._feed(event if self._link.is_up else Dropped())

    async def _perform(self, action: Read | Write | Subscribe) -> Event:
        match action:
            case Read(channel=channel):
                raw = await self._link.read(channel)
                return self._timed(channel, self._desk.decode(channel, raw))
            case Write(channel=channel, payload=payload):
                await self._link.write(channel, payload)
                return WriteDone(channel=channel)
            case Subscribe(channel=channel):
                await self._link.subscribe(channel, self._on_value)
                return Subscribed(channel=channel)

    def _timed(self, channel: str, outcome: Outcome) -> ReadDone:
        received = self._desk.received()
        return ReadDone(
            channel=channel,
            outcome=outcome,
            wall_ms=received.wall_ms,
            local=self._desk.local(),
            synchronised=received.synchronised,
        )

    def _on_value(self, channel: str, raw: bytes) -> None:
        """Called by the radio. A fault goes both ways: no confirmation, and the end of this."""
        try:
            outcome = self._desk.decode(channel, raw)
            is_clock = isinstance(outcome, DeviceClock)
            told = Value(channel=channel, raw=raw, outcome=outcome)
            self._act(self._session.on_event(self._timed(channel, outcome) if is_clock else told))
        except BaseException as error:
            if not self._end.done():
                self._end.set_exception(error)
            raise

    def _feed(self, event: Event) -> None:
        if not self._end.done():
            self._act(self._session.on_event(event))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Keep():
                    self._desk.keep(action)
                case Progress(sequence=sequence):
                    self._desk.progress(sequence)
                case SetTimer(seconds=seconds):
                    self._set_timer(seconds)
                case Finish():
                    if not self._end.done():
                        self._end.set_result(action)
                case _:
                    self._due.put_nowait(action)

    def _set_timer(self, seconds: float) -> None:
        self._cancel_timer()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._feed, TimerFired())

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def _raise(work: asyncio.Task[None]) -> Finish:
    await work
    raise AssertionError("the worker ends only by an exception")
