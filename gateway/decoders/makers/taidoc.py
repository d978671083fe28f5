"""TaiDoc and FORA: frames of eight bytes, and records from the replies to commands 25 and 26.

Layouts: glucometers-tech/glucometer-protocols, tidepool-org/uploader,
advmeds-service/advmeds-bluetooth-lib.
"""

from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.readings import (
    BloodPressure,
    ControlSolution,
    DeviceClock,
    FailedMeasurement,
    Glucose,
    Ketone,
    OtherAnalyte,
    PulseOximetry,
    Temperature,
)
from gateway.decoders.checks import sum_of
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import (
    GlucoseClaim,
    OximetryClaim,
    PressureClaim,
    judge_glucose,
    judge_oximetry,
    judge_pressure,
    judge_temperature,
)
from gateway.decoders.numbers import scaled
from gateway.decoders.times import moment

_START = 0x51
_FROM_METER = 0xA5
_DATE, _VALUE = 0x25, 0x26
_FRAME_SIZE = 8
_MEALS = {1: "preprandial", 2: "postprandial"}
_CONTROL = 3
_GLUCOSE, _KETONE = 0, 7
_HUNDREDTHS_FROM = 1000


def clock(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """The four data bytes of a date."""
    return DeviceClock(device_time=_time(cursor.take(4, "device_time")))


def glucose(
    cursor: Cursor, _hints: Hints
) -> Glucose | ControlSolution | Ketone | OtherAnalyte | FailedMeasurement:
    """The top bits of d3 are meal or control, and control is judged before the analyte."""
    time, data = _record(cursor)
    value = int.from_bytes(data[:2], "little")
    meal, analyte = data[3] >> 6, data[3] >> 2 & 0x0F
    if meal == _CONTROL or analyte == _GLUCOSE:
        return judge_glucose(
            GlucoseClaim(
                value=Decimal(value),
                control=meal == _CONTROL,
                meal=_MEALS.get(meal),
                device_time=time,
            )
        )
    kind = Ketone if analyte == _KETONE else OtherAnalyte
    return kind(raw_value=Decimal(value), analyte=str(analyte), device_time=time)


def blood_pressure(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    time, data = _record(cursor)
    systolic, mean, diastolic, pulse = map(Decimal, data)
    return judge_pressure(
        PressureClaim(
            systolic=systolic, diastolic=diastolic, mean=mean, pulse=pulse, device_time=time
        )
    )


def temperature(cursor: Cursor, _hints: Hints) -> Temperature | FailedMeasurement:
    """Tenths of a degree, and from 1000 on hundredths."""
    time, data = _record(cursor)
    count = int.from_bytes(data[:2], "little")
    value = scaled(count, -2 if count >= _HUNDREDTHS_FROM else -1)
    return judge_temperature(value, "Cel", None, time)


def oximetry(cursor: Cursor, _hints: Hints) -> PulseOximetry | FailedMeasurement:
    time, data = _record(cursor)
    return judge_oximetry(
        OximetryClaim(spo2=Decimal(data[0]), pulse=Decimal(data[3]), device_time=time)
    )


def _record(cursor: Cursor) -> tuple[datetime | None, bytes]:
    """The replies to 25 and 26, one after the other: the time, then the value's data bytes."""
    time = _time(_frame(cursor, _DATE))
    return time, _frame(cursor, _VALUE)


def _frame(cursor: Cursor, command: int) -> bytes:
    """The four data bytes of the meter's reply to `command`."""
    offset = cursor.offset
    frame = cursor.take(_FRAME_SIZE, "frame")
    if sum_of(frame[:-1]) != frame[-1]:
        refuse("wrong checksum", "checksum", offset + 7)
    if frame[0] != _START or frame[6] != _FROM_METER:
        refuse("not a frame of the meter", "frame", offset)
    if frame[1] != command:
        refuse("a reply to another command", "command", offset + 1)
    return frame[2:6]


def _time(data: bytes) -> datetime | None:
    """The bits above minute and hour may carry a record type and are left aside."""
    date = int.from_bytes(data[:2], "little")
    return moment(
        (2000 + (date >> 9), date >> 5 & 0x0F, date & 0x1F), (data[3] & 0x1F, data[2] & 0x3F, 0)
    )
