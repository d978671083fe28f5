"""Microlife BP3GY1-2N record. Layout: derdilla/blood-pressure-monitor-fl; to be confirmed."""

from decimal import Decimal

from cloud_sync.contract.readings import BloodPressure, FailedMeasurement
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.times import moment


def record(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """Ten bytes, of which the last two are unused."""
    systolic, diastolic, pulse, year, month, day, hour, minute, *_ = cursor.take(10, "record")
    if not (systolic or diastolic or pulse):
        refuse("an empty memory slot", "systolic", 0)
    return judge_pressure(
        PressureClaim(
            systolic=Decimal(systolic),
            diastolic=Decimal(diastolic),
            pulse=Decimal(pulse),
            device_time=moment((2000 + year, month, day), (hour, minute, 0)),
        )
    )
