from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode
from gateway.decoders.checks import crc8
from tests.gateway.decoders.captures import first

FRAME = first("masimo-live")


def _framed(payload: bytes) -> bytes:
    return bytes([0x77, len(payload) + 1]) + payload + bytes([crc8(payload)])


def _with(offset: int, value: int) -> Any:
    payload = bytearray(FRAME[2:-1])
    payload[offset] = value
    return decode("masimo.frame", _framed(bytes(payload)))


@pytest.mark.parametrize("offset", range(len(FRAME)))
def test_a_frame_with_any_byte_changed_is_refused(offset: int) -> None:
    changed = bytearray(FRAME)
    changed[offset] ^= 0x01
    assert isinstance(decode("masimo.frame", bytes(changed)), Refusal)


def test_only_the_live_type_is_read() -> None:
    assert isinstance(_with(0, 0x06), Refusal)
    assert isinstance(decode("masimo.frame", _framed(b"\x05\0\0")), Refusal)
    assert isinstance(decode("masimo.frame", b"\x77\x00\x00"), Refusal)


def test_255_is_no_value() -> None:
    assert isinstance(_with(6, 255), FailedMeasurement)
    assert _with(8, 255).pulse_bpm is None
    assert isinstance(_with(6, 101), Refusal)
