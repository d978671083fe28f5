"""Blood Pressure Measurement 2A35 and Intermediate Cuff Pressure 2A36.

GATT Specification Supplement, sections of those characteristics.
"""

import msgspec

from cloud_sync.contract.readings import BloodPressure, CuffPressure, FailedMeasurement
from gateway.decoders.codes import flags
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.numbers import Special, sfloat
from gateway.decoders.times import read_date_time
from gateway.decoders.value_rules import LIMITS

_KPA, _TIME, _PULSE, _USER, _STATUS = 1, 2, 4, 8, 16
_USER_UNKNOWN = 255
_STATUS_BITS = ("body_movement", "cuff_loose", "irregular_pulse", None, None, "improper_position")
_PULSE_RANGE = {1: "pulse_above_range", 2: "pulse_below_range"}


def blood_pressure(cursor: Cursor, hints: Hints) -> BloodPressure | FailedMeasurement:
    """2A35."""
    return judge_pressure(_claim(cursor, hints))


def cuff_pressure(cursor: Cursor, hints: Hints) -> CuffPressure:
    """2A36: the first field is the cuff's pressure now, the other two mean nothing."""
    claim = _claim(cursor, hints)
    if isinstance(claim.systolic, Special):
        return CuffPressure(value=None, unit=claim.unit)
    # An empty cuff is at 0, so only here 0 is possible.
    if not 0 <= claim.systolic <= LIMITS["systolic", claim.unit].most:
        refuse("not a possible pressure: the layout is not the expected one", "value", 1)
    return CuffPressure(value=claim.systolic, unit=claim.unit)


def _claim(cursor: Cursor, hints: Hints) -> PressureClaim:
    present = cursor.u8("flags")
    claim = PressureClaim(
        unit="kPa" if present & _KPA else "mmHg",
        systolic=sfloat(cursor.u16("systolic")),
        diastolic=sfloat(cursor.u16("diastolic")),
        mean=sfloat(cursor.u16("mean")),
    )
    u16 = cursor.u16_be if hints.pulse_and_status_big_endian else cursor.u16
    time = read_date_time(cursor) if present & _TIME else None
    pulse = sfloat(u16("pulse_bpm")) if present & _PULSE else None
    has_user = present & _USER or hints.user_byte_always_sent
    user = cursor.u8("user") if has_user else _USER_UNKNOWN
    status = u16("status") if present & _STATUS else 0
    return msgspec.structs.replace(
        claim,
        device_time=time,
        pulse=pulse,
        user=None if user == _USER_UNKNOWN else user,
        flags=_status_flags(status),
    )


def _status_flags(status: int) -> tuple[str, ...]:
    """In bit order; the pulse range is a number of two bits, whose value 3 is reserved."""
    pulse_range = _PULSE_RANGE.get(status >> 3 & 3)
    low = flags(status & 0x07, _STATUS_BITS)
    high = flags(status & 0x20, _STATUS_BITS)
    return (*low, *((pulse_range,) if pulse_range else ()), *high)
