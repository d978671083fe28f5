"""Glucose Measurement 2A18 and Glucose Measurement Context 2A34.

GATT Specification Supplement, sections of those characteristics.
"""

from decimal import Decimal

import msgspec

from cloud_sync.contract.readings import (
    ControlSolution,
    FailedMeasurement,
    Glucose,
    GlucoseContext,
)
from gateway.decoders.codes import flags, name
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import GlucoseClaim, judge_glucose
from gateway.decoders.numbers import Special, sfloat
from gateway.decoders.times import read_date_time, shifted

_OFFSET, _CONCENTRATION, _MOL, _STATUS, _CONTEXT = 1, 2, 4, 8, 16
_OFFSET_OVERRUN = (32767, -32768)
_KG_PER_L_TO_MG_PER_DL = 5  # powers of ten
_MOL_PER_L_TO_MMOL_PER_L = 3
_ABOVE_RANGE, _BELOW_RANGE = 1 << 5, 1 << 6
_CONTROL = "control_solution"

_SAMPLE_TYPES = {
    1: "capillary_whole_blood",
    2: "capillary_plasma",
    3: "venous_whole_blood",
    4: "venous_plasma",
    5: "arterial_whole_blood",
    6: "arterial_plasma",
    7: "undetermined_whole_blood",
    8: "undetermined_plasma",
    9: "interstitial_fluid",
    10: _CONTROL,
}
_SAMPLE_LOCATIONS = {
    1: "finger",
    2: "alternate_site",
    3: "earlobe",
    4: _CONTROL,
    15: "not_available",
}
_STATUS_BITS = (
    "battery_low",
    "sensor_malfunction",
    "sample_insufficient",
    "strip_insertion_error",
    "strip_type_incorrect",
    "above_range",
    "below_range",
    "temperature_too_high",
    "temperature_too_low",
    "strip_removed_early",
    "general_fault",
    "time_fault",
)

_CARBOHYDRATE, _MEAL, _TESTER, _EXERCISE, _MEDICATION = 1, 2, 4, 8, 16
_HBA1C, _EXTENDED = 64, 128
_EXERCISE_OVERRUN = 65535
_CARBOHYDRATES = {
    1: "breakfast",
    2: "lunch",
    3: "dinner",
    4: "snack",
    5: "drink",
    6: "supper",
    7: "brunch",
}
_MEALS = {1: "preprandial", 2: "postprandial", 3: "fasting", 4: "casual", 5: "bedtime"}
_TESTERS = {1: "self", 2: "professional", 3: "laboratory", 15: "not_available"}
_HEALTH = {
    1: "minor_issues",
    2: "major_issues",
    3: "during_menses",
    4: "under_stress",
    5: "no_issues",
    15: "not_available",
}
_MEDICATIONS = {1: "rapid", 2: "short", 3: "intermediate", 4: "long", 5: "premixed"}


def glucose(cursor: Cursor, _hints: Hints) -> Glucose | ControlSolution | FailedMeasurement:
    """2A18."""
    present = cursor.u8("flags")
    sequence = cursor.u16("sequence")
    base_time = read_date_time(cursor, "base_time")
    offset = cursor.s16("time_offset_minutes") if present & _OFFSET else 0
    overrun = offset in _OFFSET_OVERRUN
    claim = _concentration(cursor, present)
    status = cursor.u16("status") if present & _STATUS else 0
    status |= _ABOVE_RANGE if claim.value is Special.ABOVE else 0
    status |= _BELOW_RANGE if claim.value is Special.BELOW else 0
    return judge_glucose(
        msgspec.structs.replace(
            claim,
            sequence=sequence,
            base_time=base_time,
            time_offset_minutes=offset if present & _OFFSET and not overrun else None,
            device_time=None if overrun else shifted(base_time, offset),
            context_follows=bool(present & _CONTEXT),
            flags=flags(status, _STATUS_BITS),
        )
    )


def _concentration(cursor: Cursor, present: int) -> GlucoseClaim:
    """Concentration and the sample byte: type in the low nibble, location in the high one."""
    if not present & _CONCENTRATION:
        return GlucoseClaim(value=None, unit=None)
    shift = _MOL_PER_L_TO_MMOL_PER_L if present & _MOL else _KG_PER_L_TO_MG_PER_DL
    value = sfloat(cursor.u16("value"), shift)
    sample = cursor.u8("sample")
    sample_type = name(sample & 0x0F, _SAMPLE_TYPES)
    location = name(sample >> 4, _SAMPLE_LOCATIONS)
    return GlucoseClaim(
        value=value,
        unit="mmol/L" if present & _MOL else "mg/dL",
        control=_CONTROL in (sample_type, location),
        sample_type=sample_type,
        sample_location=location,
    )


def glucose_context(cursor: Cursor, hints: Hints) -> GlucoseContext:
    """2A34. The medication's amount is read past: its unit is not settled."""
    present = cursor.u8("flags")
    sequence = cursor.u16("sequence")
    if present & _EXTENDED:
        cursor.u8("extended_flags")
    carbohydrate = carbohydrate_kg = meal = tester = health = seconds = percent = None
    if present & _CARBOHYDRATE:
        carbohydrate = name(cursor.u8("carbohydrate"), _CARBOHYDRATES)
        carbohydrate_kg = _amount(cursor, "carbohydrate_kg")
    if present & _MEAL:
        meal = _meal(cursor.u8("meal"), hints)
    if present & _TESTER:
        person = cursor.u8("tester")
        tester, health = name(person & 0x0F, _TESTERS), name(person >> 4, _HEALTH)
    if present & _EXERCISE:
        duration = cursor.u16("exercise_seconds")
        seconds = None if duration == _EXERCISE_OVERRUN else duration
        percent = cursor.u8("exercise_percent")
    medication = _medication(cursor) if present & _MEDICATION else None
    hba1c = _amount(cursor, "hba1c_percent") if present & _HBA1C else None
    return GlucoseContext(
        sequence=sequence,
        carbohydrate=carbohydrate,
        carbohydrate_kg=carbohydrate_kg,
        meal=meal,
        tester=tester,
        health=health,
        exercise_seconds=seconds,
        exercise_percent=percent,
        medication=medication,
        hba1c_percent=hba1c,
    )


def _meal(code: int, hints: Hints) -> str:
    return "ketone" if code == hints.ketone_meal else name(code, _MEALS)


def _medication(cursor: Cursor) -> str:
    medication = name(cursor.u8("medication"), _MEDICATIONS)
    cursor.u16("medication_amount")
    return medication


def _amount(cursor: Cursor, field: str) -> Decimal | None:
    """An SFLOAT that is absent as a special word and impossible below 0."""
    offset = cursor.offset
    value = sfloat(cursor.u16(field))
    if isinstance(value, Special):
        return None
    if value < 0:
        refuse("a negative amount: the layout is not the expected one", field, offset)
    return value
