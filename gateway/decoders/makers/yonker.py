"""Yonker YK-IBPA1 result frame. Layout: derdilla/blood-pressure-monitor-fl."""

from decimal import Decimal

from cloud_sync.contract.readings import BloodPressure, FailedMeasurement
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.times import moment

_START = 0x81
_SIZE = 15


def frame(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """Exactly fifteen bytes; shorter and longer frames carry the pressure during inflation."""
    data = cursor.take(_SIZE, "frame")
    if cursor.left():
        refuse("a result frame has fifteen bytes", "frame", _SIZE)
    if data[0] != _START:
        refuse("wrong start byte", "start", 0)
    systolic, diastolic, pulse = data[1:4]
    day, month, year, hour, minute = data[6:11]
    return judge_pressure(
        PressureClaim(
            systolic=Decimal(systolic),
            diastolic=Decimal(diastolic),
            pulse=Decimal(pulse),
            device_time=moment((2000 + year, month, day), (hour, minute, 0)),
        )
    )
