"""The technician at the terminal, asked what the meter shows; the question can be withdrawn."""

import asyncio
import sys
from collections.abc import Callable
from typing import TextIO

_SOON = "within a minute, then press Enter"  # bluetoothd waits 60 s for an answer
LONGEST_PIN = 16  # characters; BlueZ doc/org.bluez.Agent.rst


class Prompt:
    """Asks on a terminal. An answer that makes no sense is a refusal."""

    capability = "KeyboardDisplay"

    def __init__(self, say: Callable[[str], None], keyboard: TextIO = sys.stdin) -> None:
        self._say, self._keyboard = say, keyboard

    async def passkey(self) -> int | None:
        typed = await self._ask(f"The meter shows six digits. Type them here {_SOON}:")
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 6 else None

    async def pin(self) -> str | None:
        typed = await self._ask(f"Type the PIN from the meter's manual {_SOON}:")
        return typed if 0 < len(typed) <= LONGEST_PIN else None

    async def same(self, number: int) -> bool:
        question = f"Does the meter show {number:06d}, or no number at all? Type y or n {_SOON}:"
        return (await self._ask(question)).lower() in {"y", "yes"}

    def show(self, digits: str) -> None:
        self._say(f"Type {digits} on the meter.")

    async def _ask(self, question: str) -> str:
        """A line; the terminal is let go of if the question is withdrawn meanwhile."""
        self._say(question)
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[str] = loop.create_future()

        def read() -> None:
            if not typed.done():
                typed.set_result(self._keyboard.readline())

        loop.add_reader(self._keyboard.fileno(), read)
        try:
            return (await typed).replace(" ", "").strip()
        except asyncio.CancelledError:
            self._say("The question is withdrawn: nobody waits for the answer any longer.")
            raise
        finally:
            loop.remove_reader(self._keyboard.fileno())
