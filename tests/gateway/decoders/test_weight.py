from decimal import Decimal
from typing import Any

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import Hints, decode
from gateway.decoders.cursor import Cursor
from gateway.decoders.weight import read_height, read_mass


def test_kilograms_have_three_decimals_and_pounds_two() -> None:
    metric: Any = decode("2A9D", bytes.fromhex("00803e"))
    assert (str(metric.value), metric.unit) == ("80.000", "kg")
    imperial: Any = decode("2A9D", bytes.fromhex("09e44300ffbc02"))
    assert (str(imperial.value), imperial.unit) == ("173.80", "[lb_av]")
    assert (str(imperial.height), imperial.height_unit) == ("70.0", "[in_i]")


def test_bmi_and_height_of_0_are_absent() -> None:
    reading: Any = decode("2A9D", bytes.fromhex("08803e00000000"))
    assert (reading.bmi, reading.height, reading.height_unit) == (None, None, None)


def test_the_hints_of_a_scale_change_step_and_user_only() -> None:
    payload = bytes.fromhex("046a07aa")
    book: Any = decode("2A9D", payload)
    assert (str(book.value), book.user) == ("9.490", 170)
    hinted: Any = decode("2A9D", payload, Hints(weight_step_kg=Decimal("0.05")))
    assert (str(hinted.value), hinted.user) == ("94.90", 170)
    nobody: Any = decode("2A9D", payload, Hints(user_byte_meaningless=True))
    assert (str(nobody.value), nobody.user) == ("9.490", None)


def test_a_weight_of_0_is_refused_and_ffff_is_a_failed_attempt() -> None:
    assert isinstance(decode("2A9D", bytes.fromhex("000000")), Refusal)
    failed = decode("2A9D", bytes.fromhex("04ffff03"))
    assert isinstance(failed, FailedMeasurement)
    assert (failed.of, failed.user) == ("weight", 3)


def test_masses_and_heights() -> None:
    assert read_mass(Cursor(b"\xff\xff"), "mass") is None
    assert str(read_mass(Cursor(b"\x01\x00"), "mass")) == "0.005"
    assert str(read_mass(Cursor(b"\x01\x00"), "mass", Decimal("0.01"))) == "0.01"
    assert str(read_height(Cursor(b"\x26\x07"), imperial=False)) == "1.830"
    assert read_height(Cursor(b"\0\0"), imperial=True) is None
