from decimal import Decimal
from typing import Any

import pytest

from cloud_sync.contract.readings import BloodPressure, CuffPressure, Refusal
from gateway.decoders import Hints, decode


def _flags(status: int) -> tuple[str, ...]:
    reading = decode("2A35", bytes.fromhex("10780050005d00") + status.to_bytes(2, "little"))
    assert isinstance(reading, BloodPressure)
    return reading.flags


@pytest.mark.parametrize(
    ("status", "flags"),
    [
        (0x0001, ("body_movement",)),
        (0x0002, ("cuff_loose",)),
        (0x0004, ("irregular_pulse",)),
        (0x0008, ("pulse_above_range",)),
        (0x0010, ("pulse_below_range",)),
        (0x0018, ()),  # pulse range 3 is reserved
        (0x0020, ("improper_position",)),
        (0x002C, ("irregular_pulse", "pulse_above_range", "improper_position")),
        (0xFFC0, ()),
    ],
)
def test_status_bits(status: int, flags: tuple[str, ...]) -> None:
    assert _flags(status) == flags


def test_user_255_is_unknown_and_user_0_is_a_user() -> None:
    for byte, user in ((0, 0), (7, 7), (255, None)):
        reading = decode("2A35", bytes.fromhex("08780050005d00") + bytes([byte]))
        assert isinstance(reading, BloodPressure)
        assert reading.user == user


def test_each_hint_of_the_bm85_changes_only_what_it_names() -> None:
    # By the book: pulse 60, no user, irregular pulse.
    by_the_book = bytes.fromhex("14780050000000" + "3c00" + "0400")
    plain: Any = decode("2A35", by_the_book)
    assert (plain.pulse_bpm, plain.user, plain.flags) == (60, None, ("irregular_pulse",))
    swapped = by_the_book[:7] + bytes.fromhex("003c0004")
    assert decode("2A35", swapped, Hints(pulse_and_status_big_endian=True)) == plain
    with_user = by_the_book[:9] + b"\x02" + by_the_book[9:]
    reading: Any = decode("2A35", with_user, Hints(user_byte_always_sent=True))
    assert (reading.user, reading.pulse_bpm, reading.flags) == (2, 60, ("irregular_pulse",))


@pytest.mark.parametrize(
    ("in_hex", "value"),
    [("00000000000000", "0"), ("002c0100000000", "300"), ("00900100000000", "400")],
)
def test_the_cuff_may_be_empty_while_it_inflates(in_hex: str, value: str) -> None:
    assert decode("2A36", bytes.fromhex(in_hex)) == CuffPressure(value=Decimal(value), unit="mmHg")


def test_cuff_pressure_knows_no_number_and_no_absurd_one() -> None:
    assert decode("2A36", bytes.fromhex("00ff0700000000")) == CuffPressure(value=None, unit="mmHg")
    assert isinstance(decode("2A36", bytes.fromhex("00ff0f00000000")), Refusal)
    assert isinstance(decode("2A36", bytes.fromhex("00910100000000")), Refusal)
    assert isinstance(decode("2A36", bytes.fromhex("0237000000000000")), Refusal)
