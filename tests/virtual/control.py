"""The control channel: one JSON object a line in, one a line out, over loopback TCP."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.virtual.home import Home

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Answer = dict[str, Any]


class ControlServer:
    """What a tester, or a person with netcat, tells the virtual home to do."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self._verbs: dict[str, Callable[[Answer], Awaitable[Answer]]] = {
            "status": self._status,
            "taken": self._taken,
            "measure": self._measure,
            "pairing": self._pairing,
            "wake": self._wake,
            "forget": self._forget,
            "drop_after": self._drop_after,
            "clock_error": self._clock_error,
            "play": self._play,
            "every": self._every,
        }

    @classmethod
    async def open(cls, home: Home, *, port: int = 0) -> "ControlServer":
        made = cls(home)
        made._server = await asyncio.start_server(made._serve, "127.0.0.1", port)
        made.port = made._server.sockets[0].getsockname()[1]
        return made

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            request = json.loads(line)
            return {"ok": True} | await self._verbs[request["do"]](request)
        except (ValueError, KeyError, TypeError) as error:
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    async def _status(self, _: Answer) -> Answer:
        return await self._home.status()

    async def _taken(self, _: Answer) -> Answer:
        return {"taken": self._home.taken()}

    async def _measure(self, request: Answer) -> Answer:
        return {"record": await self._home.measure(request["device"], request.get("at_ms"))}

    async def _pairing(self, request: Answer) -> Answer:
        await self._home.devices[request["device"]].set_pairing_mode(request.get("on", True))
        return {}

    async def _wake(self, request: Answer) -> Answer:
        await self._home.devices[request["device"]].advertise()
        return {}

    async def _forget(self, request: Answer) -> Answer:
        await self._home.devices[request["device"]].forget()
        return {}

    async def _drop_after(self, request: Answer) -> Answer:
        self._home.devices[request["device"]].drop_after = int(request["packets"])
        return {}

    async def _clock_error(self, request: Answer) -> Answer:
        device = self._home.devices[request["device"]]
        device.memory["clock_error_s"] = float(request["seconds"])
        device.save()
        return {}

    async def _play(self, request: Answer) -> Answer:
        self._home.play(int(request["days"]))
        return {}

    async def _every(self, request: Answer) -> Answer:
        self._home.schedule(float(request["seconds"]))
        return {}
