"""Medical floats (IEEE 11073-20601) as decimals with exactly the transmitted digits.

Scaling moves the exponent; nothing is multiplied or rounded, and no binary float is involved.
"""

from decimal import Decimal
from enum import Enum


class Special(Enum):
    """A word that says why there is no number. It is never one itself."""

    NAN = "not a number"
    NRES = "not at this resolution"
    ABOVE = "positive infinity"
    BELOW = "negative infinity"
    RESERVED = "reserved"


Number = Decimal | Special

# Special only as whole words, that is with exponent 0 (IEEE 11073-20601).
_SFLOAT_WORDS = {
    0x07FF: Special.NAN,
    0x0800: Special.NRES,
    0x07FE: Special.ABOVE,
    0x0802: Special.BELOW,
    0x0801: Special.RESERVED,
}
_FLOAT_WORDS = {
    0x007FFFFF: Special.NAN,
    0x00800000: Special.NRES,
    0x007FFFFE: Special.ABOVE,
    0x00800002: Special.BELOW,
    0x00800001: Special.RESERVED,
}


def scaled(mantissa: int, exponent: int) -> Decimal:
    """`mantissa` x 10^`exponent`, written out: 12 and 1 give 120, 3680 and -2 give 36.80."""
    if exponent >= 0:
        return Decimal(mantissa * 10**exponent)
    sign = 1 if mantissa < 0 else 0
    return Decimal((sign, tuple(map(int, str(abs(mantissa)))), exponent))


def plain(number: Decimal) -> str:
    """The digits without exponent notation, however small the number."""
    return format(number, "f")


def sfloat(word: int, shift: int = 0) -> Number:
    """A 16-bit SFLOAT; `shift` moves its exponent to another power of ten of the unit."""
    if word in _SFLOAT_WORDS:
        return _SFLOAT_WORDS[word]
    return scaled(_signed(word & 0xFFF, 12), _signed(word >> 12, 4) + shift)


def medfloat(word: int) -> Number:
    """A 32-bit FLOAT."""
    if word in _FLOAT_WORDS:
        return _FLOAT_WORDS[word]
    return scaled(_signed(word & 0xFFFFFF, 24), _signed(word >> 24, 8))


def _signed(bits: int, width: int) -> int:
    return bits - (1 << width) if bits >> (width - 1) else bits
