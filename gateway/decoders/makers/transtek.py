"""Transtek cuffs (Welch Allyn 1500, 1700). Layout: casebeer/welch-allyn-bp100-python.

Times count seconds since 2010 in the device's standard time, without daylight saving.
"""

from decimal import Decimal

from cloud_sync.contract.readings import BloodPressure, DeviceClock, FailedMeasurement
from gateway.decoders.codes import flags
from gateway.decoders.cursor import Cursor
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.times import since

_EPOCH_YEAR = 2010
_MARKS = ("body_movement", None, "irregular_pulse")


def record(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """Seventeen bytes on 8A91."""
    cursor.u8("header")
    systolic, diastolic = cursor.u16("systolic"), cursor.u16("diastolic")
    cursor.u16("unused")
    time = since(_EPOCH_YEAR, cursor.u32("device_time"))
    pulse = cursor.u16("pulse_bpm")
    cursor.u8("unused")
    marks = flags(cursor.u8("marks"), _MARKS)
    cursor.u8("unused")
    battery_good = cursor.u8("battery") & 1
    return judge_pressure(
        PressureClaim(
            systolic=Decimal(systolic),
            diastolic=Decimal(diastolic),
            pulse=Decimal(pulse),
            device_time=time,
            flags=marks if battery_good else (*marks, "battery_low"),
        )
    )


def time(cursor: Cursor, _hints: Hints) -> DeviceClock:
    return DeviceClock(device_time=since(_EPOCH_YEAR, cursor.u32("device_time")))
