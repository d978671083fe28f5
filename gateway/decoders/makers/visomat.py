"""Visomat and DS-2200PV over serial: records of twenty digits. Layout: visomat-utils."""

import re
from decimal import Decimal

from cloud_sync.contract.readings import BloodPressure, FailedMeasurement
from gateway.decoders.cursor import refuse
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.times import moment

# yymmdd hhmm, one digit nobody has explained, systolic, diastolic, pulse.
_RECORD = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\d(\d{3})(\d{3})(\d{3})", re.ASCII)


def record(line: str) -> BloodPressure | FailedMeasurement:
    match = _RECORD.fullmatch(line)
    if match is None:
        refuse("not a record of twenty digits", "record", 0)
    year, month, day, hour, minute, *numbers = map(int, match.groups())
    systolic, diastolic, pulse = map(Decimal, numbers)
    return judge_pressure(
        PressureClaim(
            systolic=systolic,
            diastolic=diastolic,
            pulse=pulse,
            device_time=moment((2000 + year, month, day), (hour, minute, 0)),
        )
    )
