"""Notices a bluetoothd that is there and answers nothing: nothing short of its restart helps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from dbus_fast.aio import MessageBus

from gateway.links.bluez.bus import FAULTS, bluez_is_there, call
from gateway.sessions.link import RadioMuteError, RadioUnavailableError

ASK_SECONDS = 30.0
ANSWER_SECONDS = 10.0
_MISSES = 2  # in a row; a busy machine may miss one
_PEER = "org.freedesktop.DBus.Peer"
_SILENT = "bluetoothd does not answer; see systemctl status bluetooth"


class Answering:
    """Asks bluetoothd for a sign of life, which costs neither it nor the radio anything."""

    def __init__(self, ask_s: float = ASK_SECONDS, answer_s: float = ANSWER_SECONDS) -> None:
        self._ask_s, self._answer_s = ask_s, answer_s
        self._misses = 0

    @property
    def is_mute(self) -> bool:
        """Whether it has not answered lately."""
        return self._misses >= _MISSES

    def check(self) -> None:
        """RadioMuteError where it is mute."""
        if self.is_mute:
            raise RadioMuteError(_SILENT)

    def silence(self) -> RadioUnavailableError:
        """For whoever has waited for it in vain."""
        return (RadioMuteError if self.is_mute else RadioUnavailableError)(_SILENT)

    @asynccontextmanager
    async def asked(self, bus: MessageBus, on_silence: Callable[[], None]) -> AsyncIterator[None]:
        """Ask for the length of the block; `on_silence` once each time it has fallen silent."""
        asking = asyncio.get_running_loop().create_task(self._ask(bus, on_silence))
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            self._misses = 0

    async def _ask(self, bus: MessageBus, on_silence: Callable[[], None]) -> None:
        while True:
            await asyncio.sleep(0 if 0 < self._misses < _MISSES else self._ask_s)
            was_mute = self.is_mute
            self._misses = 0 if await self._answers(bus) else self._misses + 1
            if self.is_mute and not was_mute:
                on_silence()

    async def _answers(self, bus: MessageBus) -> bool:
        """An error is an answer, too; so is the bus's own that nobody is there."""
        try:
            async with asyncio.timeout(self._answer_s):
                if await bluez_is_there(bus):
                    await call(bus, "/", _PEER, "Ping")
        except TimeoutError:
            return False
        except FAULTS:
            pass
        return True
