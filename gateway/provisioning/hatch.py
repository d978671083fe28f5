"""The hatch: a socket at which the running collector pairs and unpairs devices for a technician.

The collector holds the radio, so `vitals-hub pair` asks it instead of taking the radio away. The
socket belongs to the collector's account; root may use it too. One line of JSON each way at a time.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from gateway.provisioning.pairing import NothingFoundError, Paired
from gateway.sessions.answers import Answers
from gateway.sessions.link import LinkError, RadioUnavailableError

REQUEST_SECONDS = 5.0
Why = Literal["nothing", "refused", "radio", "busy"]
_log = logging.getLogger(__name__)


class _Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="say"):
    """Base of what goes through the hatch."""


class Pair(_Said, frozen=True, kw_only=True, tag="pair"):
    """Add the first device that fits. `capability` is that of whoever answers for it."""

    capability: str
    device: str | None = None
    profile: str | None = None
    again: bool = False
    window_s: float = 120.0


class Unpair(_Said, frozen=True, kw_only=True, tag="unpair"):
    """Delete this device's bond."""

    device: str


class Answer(_Said, frozen=True, kw_only=True, tag="answer"):
    """To the question asked last; None is a refusal."""

    said: bool | int | str | None


class Ask(_Said, frozen=True, kw_only=True, tag="ask"):
    """A question for the person beside the device."""

    what: Literal["passkey", "pin", "same"]
    number: int = 0


class Withdraw(_Said, frozen=True, kw_only=True, tag="withdraw"):
    """Nobody waits for the answer any longer."""


class Show(_Said, frozen=True, kw_only=True, tag="show"):
    """Digits to be typed on the device."""

    digits: str


class Tell(_Said, frozen=True, kw_only=True, tag="tell"):
    """How far it is, in words."""

    words: str


class Done(_Said, frozen=True, kw_only=True, tag="done"):
    """It is paired."""

    device: str
    name: str
    profile: str


class Gone(_Said, frozen=True, kw_only=True, tag="gone"):
    """It is unpaired; or it was not known."""

    was_known: bool


class Failed(_Said, frozen=True, kw_only=True, tag="failed"):
    """It did not come about; why, in words without an address."""

    why: Why
    words: str = ""


ToCollector = Pair | Unpair | Answer
ToTechnician = Ask | Withdraw | Show | Tell | Done | Gone | Failed


class Desk(Protocol):
    """Who does it."""

    async def pair(
        self, request: Pair, answers: Answers, tell: Callable[[str], None]
    ) -> Paired: ...

    async def unpair(self, device: str) -> bool: ...


async def serve_hatch(path: Path, desk: Desk) -> None:
    """Until cancelled. A fault of the desk that is not the radio's ends it."""
    hatch = _Hatch(desk)
    try:
        server = await asyncio.start_unix_server(hatch.on_caller, sock=_bound(path))
    except OSError as error:  # a path too long for a socket, say: readings matter more
        _log.warning("devices can be paired only while the collector is stopped: %s", error)
        return
    try:
        await hatch.fault
    finally:
        server.close()
        _remove(path)
        await hatch.send_away()


def _bound(path: Path) -> socket.socket:
    """The socket, for nobody but this account from its first moment on."""
    _remove(path)
    made = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
    except OSError:
        made.close()
        raise
    finally:
        os.umask(before)
    return made


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


class _Hatch:
    """One technician at a time."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._busy = asyncio.Lock()
        self._callers: set[asyncio.Task[None]] = set()
        self.fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_caller(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._hear(reader, writer))
        self._callers.add(task)
        task.add_done_callback(self._callers.discard)

    async def send_away(self) -> None:
        """Whatever is under way is broken off."""
        for task in self._callers:
            task.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        caller = _Caller(reader, writer)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await caller.heard()
            if not isinstance(request, Pair | Unpair):
                return
            if self._busy.locked():
                caller.say(Failed(why="busy", words="somebody else is pairing a device"))
                return
            async with self._busy:
                await self._serve(request, caller)
        except (ConnectionError, TimeoutError):
            _log.info("the technician went")
        except Exception as error:  # noqa: BLE001 - a server's callback would only log it
            if not self.fault.done():
                self.fault.set_exception(error)
        finally:
            writer.close()

    async def _serve(self, request: Pair | Unpair, caller: "_Caller") -> None:
        """Whoever hangs up takes the request back."""
        loop = asyncio.get_running_loop()
        work = loop.create_task(self._do(request, caller))
        listening = loop.create_task(caller.listen())
        try:
            await asyncio.wait({work, listening}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                caller.say(work.result())
                await caller.flushed()
        finally:
            for task in (work, listening):
                task.cancel()
            await asyncio.gather(work, listening, return_exceptions=True)

    async def _do(self, request: Pair | Unpair, caller: "_Caller") -> ToTechnician:
        try:
            if isinstance(request, Unpair):
                return Gone(was_known=await self._desk.unpair(request.device))
            caller.capability = request.capability
            paired = await self._desk.pair(request, caller, caller.tell)
        except NothingFoundError:
            return Failed(why="nothing")
        except RadioUnavailableError as error:
            return Failed(why="radio", words=str(error))
        except LinkError as error:
            return Failed(why="refused", words=str(error))
        return Done(device=paired.device, name=paired.name, profile=paired.profile.id)


class _Caller:
    """The technician at the other end, who answers for the device (`sessions.answers.Answers`)."""

    capability = "NoInputNoOutput"

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._answer: asyncio.Future[bool | int | str | None] | None = None

    async def heard(self) -> ToCollector | None:
        """The next line; None where nothing sensible comes."""
        try:
            line = await self._reader.readline()
            said: ToCollector = msgspec.json.decode(line, type=ToCollector)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # too long, too deep, not ours
            return None
        return said

    async def listen(self) -> None:
        """Take answers until the other end hangs up."""
        while isinstance(answer := await self.heard(), Answer):
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(answer.said)

    def say(self, said: ToTechnician) -> None:
        self._writer.write(msgspec.json.encode(said) + b"\n")

    def tell(self, words: str) -> None:
        self.say(Tell(words=words))

    async def flushed(self) -> None:
        await self._writer.drain()

    async def passkey(self) -> int | None:
        said = await self._ask(Ask(what="passkey"))
        return said if isinstance(said, int) and not isinstance(said, bool) else None

    async def pin(self) -> str | None:
        said = await self._ask(Ask(what="pin"))
        return said if isinstance(said, str) else None

    async def same(self, number: int) -> bool:
        return await self._ask(Ask(what="same", number=number)) is True

    def show(self, digits: str) -> None:
        self.say(Show(digits=digits))

    async def _ask(self, question: Ask) -> bool | int | str | None:
        self._answer = asyncio.get_running_loop().create_future()
        self.say(question)
        try:
            return await self._answer
        except asyncio.CancelledError:
            self.say(Withdraw())
            raise
