"""Weight Measurement 2A9D (GATT Specification Supplement)."""

from decimal import Decimal

from cloud_sync.contract.readings import FailedMeasurement, Weight
from gateway.decoders.cursor import Cursor
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import WeightClaim, judge_weight
from gateway.decoders.numbers import scaled
from gateway.decoders.times import read_date_time

_IMPERIAL, _TIME, _USER, _BMI_HEIGHT = 1, 2, 4, 8
_UNSUCCESSFUL = 0xFFFF
_USER_UNKNOWN = 255
_STEP_KG = Decimal("0.005")
_STEP_LB = Decimal("0.01")


def weight(cursor: Cursor, hints: Hints) -> Weight | FailedMeasurement:
    """2A9D. BMI and height of 0 are absent."""
    present = cursor.u8("flags")
    imperial = bool(present & _IMPERIAL)
    value = read_mass(cursor, "value", _STEP_LB if imperial else hints.weight_step_kg)
    time = read_date_time(cursor) if present & _TIME else None
    user = cursor.u8("user") if present & _USER else _USER_UNKNOWN
    bmi = height = None
    if present & _BMI_HEIGHT:
        bmi = scaled(cursor.u16("bmi"), -1) or None
        height = read_height(cursor, imperial=imperial)
    height_unit = "[in_i]" if imperial else "m"
    return judge_weight(
        WeightClaim(
            value=value,
            unit="[lb_av]" if imperial else "kg",
            user=None if user == _USER_UNKNOWN or hints.user_byte_meaningless else user,
            bmi=bmi,
            height=height,
            height_unit=height_unit if height is not None else None,
            device_time=time,
        )
    )


def read_mass(cursor: Cursor, field: str, step: Decimal | None = None) -> Decimal | None:
    """A mass in steps of `step` (0.005 kg by default) with that step's decimals; FFFF is None."""
    count = cursor.u16(field)
    _, digits, exponent = (step or _STEP_KG).as_tuple()
    assert isinstance(exponent, int), "a step is a finite decimal"
    size = int("".join(map(str, digits)))
    return None if count == _UNSUCCESSFUL else scaled(count * size, exponent)


def read_height(cursor: Cursor, *, imperial: bool) -> Decimal | None:
    """In steps of 0.1 in or 0.001 m; 0 is None."""
    return scaled(cursor.u16("height"), -1 if imperial else -3) or None
