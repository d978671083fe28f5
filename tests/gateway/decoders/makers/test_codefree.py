from typing import Any

import pytest

from cloud_sync.contract.readings import Refusal
from gateway.decoders import decode
from gateway.decoders.checks import xor_of
from tests.gateway.decoders.captures import first

FRAME = first("codefree-before-meal")


def _with(offset: int, value: int) -> Any:
    whole = FRAME[3:20]
    message = whole[:offset] + bytes([value]) + whole[offset + 1 :]
    return decode("codefree.frame", FRAME[:3] + message + bytes([xor_of(message), 0xAA]))


@pytest.mark.parametrize("offset", range(len(FRAME)))
def test_a_frame_with_any_byte_changed_is_refused(offset: int) -> None:
    changed = bytearray(FRAME)
    changed[offset] ^= 0x01
    assert isinstance(decode("codefree.frame", bytes(changed)), Refusal)


def test_the_value_is_big_endian() -> None:
    assert _with(7, 1).value == 256 + 137


@pytest.mark.parametrize(
    ("code", "meal"), [(0, None), (0x10, "preprandial"), (0x20, "postprandial"), (0x30, "code_48")]
)
def test_meals(code: int, meal: str | None) -> None:
    assert _with(9, code).meal == meal


def test_the_challenge_of_the_meter_is_no_record() -> None:
    assert isinstance(decode("codefree.frame", bytes.fromhex("532004103020AA")), Refusal)
