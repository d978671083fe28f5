"""The technician's end of the hatch: asks the running collector, and passes on its questions."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.provisioning.hatch import (
    Answer,
    Ask,
    Done,
    Failed,
    Gone,
    Pair,
    Show,
    Tell,
    ToCollector,
    ToTechnician,
    Unpair,
    Withdraw,
)
from gateway.sessions.answers import Answers

_ENDED = Failed(why="radio", words="the collector ended meanwhile; see systemctl status")


async def call(
    path: Path, request: Pair | Unpair, answers: Answers, tell: Callable[[str], None]
) -> Done | Gone | Failed | None:
    """How it ended; None where no collector listens. PermissionError where it may not be asked."""
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    try:
        return await _Call(reader, writer, answers, tell).run(request)
    except ConnectionError:
        return _ENDED
    finally:
        writer.close()


class _Call:
    """One request under way."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        answers: Answers,
        tell: Callable[[str], None],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._answers, self._tell = answers, tell
        self._asking: asyncio.Task[None] | None = None

    async def run(self, request: Pair | Unpair) -> Done | Gone | Failed:
        await self._send(request)
        try:
            while line := await self._reader.readline():
                match msgspec.json.decode(line, type=ToTechnician):
                    case Done() | Gone() | Failed() as end:
                        return end
                    case Ask() as question:
                        self._ask(question)
                    case Withdraw():
                        await self._withdraw()
                    case Show(digits=digits):
                        self._answers.show(digits)
                    case Tell(words=words):
                        self._tell(words)
            return _ENDED
        finally:
            await self._withdraw()

    def _ask(self, question: Ask) -> None:
        self._asking = asyncio.get_running_loop().create_task(self._answer(question))

    async def _answer(self, question: Ask) -> None:
        said: bool | int | str | None
        match question.what:
            case "passkey":
                said = await self._answers.passkey()
            case "pin":
                said = await self._answers.pin()
            case "same":
                said = await self._answers.same(question.number)
        await self._send(Answer(said=said))

    async def _withdraw(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None

    async def _send(self, said: ToCollector) -> None:
        self._writer.write(msgspec.json.encode(said) + b"\n")
        await self._writer.drain()
