"""What can be a measurement at all, and what is plausible for one. Compared as transmitted.

Limits of measurement, not clinical thresholds: outside *possible* the layout is not what the
decoder thinks and the payload is refused; outside *plausible* a reading is flagged, never dropped.
"""

from decimal import Decimal

import msgspec

from gateway.decoders.cursor import refuse
from gateway.decoders.numbers import Number, Special

IMPLAUSIBLE = "implausible"


class Limits(msgspec.Struct, frozen=True):
    """Possible: greater than `above`, at most `most`. Plausible: from `low` to `high`."""

    above: Decimal
    most: Decimal
    low: Decimal
    high: Decimal


def _limits(above: str, most: str, low: str | None = None, high: str | None = None) -> Limits:
    return Limits(Decimal(above), Decimal(most), Decimal(low or above), Decimal(high or most))


LIMITS = {
    ("systolic", "mmHg"): _limits("0", "400", "50", "300"),
    ("diastolic", "mmHg"): _limits("0", "400", "20", "200"),
    ("mean", "mmHg"): _limits("0", "400"),
    ("systolic", "kPa"): _limits("0", "54", "6.5", "40"),
    ("diastolic", "kPa"): _limits("0", "54", "2.5", "27"),
    ("mean", "kPa"): _limits("0", "54"),
    ("pulse_bpm", "/min"): _limits("0", "400", "25", "250"),
    ("glucose", "mg/dL"): _limits("0", "2000", "10", "600"),
    ("glucose", "mmol/L"): _limits("0", "111", "0.6", "33.3"),
    ("spo2", "%"): _limits("0", "100", "50", "100"),
    ("temperature", "Cel"): _limits("0", "100", "30", "44"),
    ("temperature", "[degF]"): _limits("32", "212", "86", "111.2"),
    ("weight", "kg"): _limits("0", "400", "2", "300"),
    ("weight", "[lb_av]"): _limits("0", "700", "4.4", "660"),
    ("fat_percent", "%"): _limits("0", "100"),
}


def possible(quantity: str, unit: str, value: Decimal) -> Decimal:
    """`value` itself, or a refusal of the whole payload."""
    limits = LIMITS[quantity, unit]
    if not limits.above < value <= limits.most:
        refuse("not a possible measurement: the layout is not the expected one", quantity)
    return value


def plausible(quantity: str, unit: str, value: Decimal | None) -> bool:
    """Whether `value` lies within the plausible limits; an absent value does not count against."""
    if value is None:
        return True
    limits = LIMITS[quantity, unit]
    return limits.low <= value <= limits.high


def optional(quantity: str, unit: str, value: Number | None) -> Decimal | None:
    """None for an absent value, a special word or 0; else the possible value, or a refusal."""
    if value is None or isinstance(value, Special) or value == 0:
        return None
    return possible(quantity, unit, value)


def marked(flags: tuple[str, ...], *, is_plausible: bool) -> tuple[str, ...]:
    """`flags`, with `implausible` last where it is due."""
    return flags if is_plausible else (*flags, IMPLAUSIBLE)
