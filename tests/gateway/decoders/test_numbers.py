from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from gateway.decoders.numbers import Special, medfloat, plain, scaled, sfloat


def _word(in_hex: str) -> int:
    """A vector as transmitted: little-endian."""
    return int.from_bytes(bytes.fromhex(in_hex), "little")


@pytest.mark.parametrize(
    ("in_hex", "text"),
    [
        ("70F1", "36.8"),
        ("AFED", "-5.93"),
        ("66ED", "-6.66"),
        ("B0F0", "17.6"),
        ("88F4", "116.0"),
        ("0C10", "120"),
        ("0C20", "1200"),
        ("0000", "0"),
        ("00E0", "0.00"),
        ("0180", "0.00000001"),
        ("0178", "-20470000000"),
    ],
)
def test_sfloat_vectors(in_hex: str, text: str) -> None:
    number = sfloat(_word(in_hex))
    assert isinstance(number, Decimal)
    assert plain(number) == text


@pytest.mark.parametrize(
    ("in_hex", "text"),
    [
        ("C3E9FFFE", "-56.93"),
        ("700100FF", "36.8"),
        ("600E00FE", "36.80"),
        ("DA0300FF", "98.6"),
        ("25000000", "37"),
        ("01000002", "100"),
    ],
)
def test_float_vectors(in_hex: str, text: str) -> None:
    number = medfloat(_word(in_hex))
    assert isinstance(number, Decimal)
    assert plain(number) == text


SFLOAT_WORDS = {0x07FF: "NAN", 0x0800: "NRES", 0x07FE: "ABOVE", 0x0802: "BELOW", 0x0801: "RESERVED"}
FLOAT_WORDS = {
    0x007FFFFF: "NAN",
    0x00800000: "NRES",
    0x007FFFFE: "ABOVE",
    0x00800002: "BELOW",
    0x00800001: "RESERVED",
}


@pytest.mark.parametrize(("word", "name"), SFLOAT_WORDS.items())
def test_special_words_of_sfloat_are_special_with_exponent_0_only(word: int, name: str) -> None:
    assert sfloat(word) is Special[name]
    assert isinstance(sfloat(word | 0xF000), Decimal)
    assert isinstance(sfloat(word | 0x1000), Decimal)


@pytest.mark.parametrize(("word", "name"), FLOAT_WORDS.items())
def test_special_words_of_float_are_special_with_exponent_0_only(word: int, name: str) -> None:
    assert medfloat(word) is Special[name]
    assert isinstance(medfloat(word | 0xFF000000), Decimal)


def test_a_shift_moves_the_exponent_and_keeps_the_digits() -> None:
    # 0.059 mol/L is 59 x 10^-4; in mmol/L the same digits read 5.9, not 5.900.
    assert plain(sfloat(0xC03B, 3)) == "5.9"  # type: ignore[arg-type]
    assert plain(sfloat(0xB068, 5)) == "104"  # type: ignore[arg-type]
    assert sfloat(0x07FE, 5) is Special.ABOVE


@given(st.integers(0, 0xFFFF))
def test_sfloat_is_mantissa_times_a_power_of_ten(word: int) -> None:
    number = sfloat(word)
    if isinstance(number, Special):
        assert word in SFLOAT_WORDS
        return
    mantissa, exponent = word % 4096, word // 4096
    mantissa -= 4096 if mantissa >= 2048 else 0
    exponent -= 16 if exponent >= 8 else 0
    assert number * 10**8 == mantissa * 10 ** (exponent + 8)
    assert "E" not in plain(number)


def test_scaled_keeps_zeros_that_were_transmitted_and_adds_none() -> None:
    assert plain(scaled(3680, -2)) == "36.80"
    assert plain(scaled(-5, -3)) == "-0.005"
    assert str(scaled(12, 1)) == "120"
