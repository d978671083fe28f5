"""Questions on a terminal, and their withdrawal."""

import asyncio
import os
from typing import Any

import pytest

from gateway.commands.prompt import Prompt


def answer(typed: bytes, question: str, *about: int) -> object:
    said: list[str] = []

    async def story() -> object:
        reading, writing = os.pipe()
        os.write(writing, typed)
        os.close(writing)
        with os.fdopen(reading) as keyboard:
            asked: Any = getattr(Prompt(said.append, keyboard), question)(*about)
            answered: object = await asked
            return answered

    result = asyncio.run(story())
    assert len(said) == 1
    return result


@pytest.mark.parametrize(
    ("typed", "passkey"),
    [
        (b"123456\n", 123456),
        (b" 000 042 \n", 42),
        (b"1234567\n", None),
        (b"x\n", None),
        (b"", None),
    ],
)
def test_a_passkey_is_up_to_six_digits(typed: bytes, passkey: int | None) -> None:
    assert answer(typed, "passkey") == passkey


@pytest.mark.parametrize(("typed", "pin"), [(b"0000\n", "0000"), (b"\n", None), (b"1" * 17, None)])
def test_a_pin_is_at_most_sixteen_characters(typed: bytes, pin: str | None) -> None:
    assert answer(typed, "pin") == pin


@pytest.mark.parametrize(("typed", "same"), [(b"y\n", True), (b"Yes\n", True), (b"\n", False)])
def test_numbers_are_the_same_only_if_said_so(typed: bytes, same: object) -> None:
    assert answer(typed, "same", 42) == same


def test_a_withdrawn_question_lets_go_of_the_terminal() -> None:
    said: list[str] = []

    async def story() -> None:
        reading, writing = os.pipe()
        with os.fdopen(reading) as keyboard:
            prompt = Prompt(said.append, keyboard)
            asking = asyncio.create_task(prompt.passkey())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            os.write(writing, b"654321\n")
            os.close(writing)
            assert await prompt.passkey() == 654321  # it was not taken by the withdrawn question

    asyncio.run(story())
    assert "withdrawn" in said[1]
