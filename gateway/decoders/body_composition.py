"""Body Composition Measurement 2A9C (GATT Specification Supplement).

The Supplement's exponent for the impedance contradicts its text; captures fit steps of 0.1 ohm.
"""

from decimal import Decimal

from cloud_sync.contract.readings import BodyComposition, FailedMeasurement
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.numbers import scaled
from gateway.decoders.times import read_date_time
from gateway.decoders.value_rules import marked, plausible, possible
from gateway.decoders.weight import read_height, read_mass

_IMPERIAL, _TIME, _USER, _MULTI_PACKET = 1, 2, 4, 1 << 12
_WEIGHT, _HEIGHT = 1 << 10, 1 << 11
_UNSUCCESSFUL = 0xFFFF
_USER_UNKNOWN = 255
_STEP_LB = Decimal("0.01")
_MASS = None  # in place of an exponent: a mass has the step of the weight characteristic
_FIELDS: tuple[tuple[int, str, int | None], ...] = (
    (1 << 3, "basal_metabolism_kj", 0),
    (1 << 4, "muscle_percent", -1),
    (1 << 5, "muscle_mass", _MASS),
    (1 << 6, "fat_free_mass", _MASS),
    (1 << 7, "soft_lean_mass", _MASS),
    (1 << 8, "body_water_mass", _MASS),
    (1 << 9, "impedance_ohm", -1),
    (_WEIGHT, "weight", _MASS),
)


def body_composition(cursor: Cursor, _hints: Hints) -> BodyComposition | FailedMeasurement:
    """2A9C. A fat content of 0 is the placeholder of a history stub, and refused."""
    present = cursor.u16("flags")
    if present & _MULTI_PACKET:
        refuse("a measurement spread over packets is not decoded", "flags", 0)
    fat = cursor.u16("fat_percent")
    time = read_date_time(cursor) if present & _TIME else None
    user = cursor.u8("user") if present & _USER else _USER_UNKNOWN
    user_or_none = None if user == _USER_UNKNOWN else user
    imperial = bool(present & _IMPERIAL)
    parts = _parts(cursor, present, _STEP_LB if imperial else None)
    height = read_height(cursor, imperial=imperial) if present & _HEIGHT else None
    unit = "[lb_av]" if imperial else "kg"
    if fat == _UNSUCCESSFUL:
        return FailedMeasurement(
            of="body_composition", unit=unit, flags=(), user=user_or_none, device_time=time
        )
    weight = parts.get("weight")
    if weight is not None:
        possible("weight", unit, weight)
    return BodyComposition(
        fat_percent=possible("fat_percent", "%", scaled(fat, -1)),
        unit=unit,
        flags=marked((), is_plausible=plausible("weight", unit, weight)),
        user=user_or_none,
        device_time=time,
        height=height,
        **parts,
    )


def _parts(cursor: Cursor, present: int, step: Decimal | None) -> dict[str, Decimal | None]:
    return {
        field: read_mass(cursor, field, step)
        if exponent is _MASS
        else scaled(cursor.u16(field), exponent)
        for bit, field, exponent in _FIELDS
        if present & bit
    }
