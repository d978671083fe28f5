"""SD CodeFree record frames; mg/dL. Layout: glucometers-tech/glucometer-protocols."""

from decimal import Decimal

from cloud_sync.contract.readings import ControlSolution, FailedMeasurement, Glucose
from gateway.decoders.checks import xor_of
from gateway.decoders.codes import name
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import GlucoseClaim, judge_glucose
from gateway.decoders.times import moment

_START = b"\x53\x20"
_END = 0xAA
_RECORD_SIZE = 17
_MEALS = {0x10: "preprandial", 0x20: "postprandial"}


def frame(cursor: Cursor, _hints: Hints) -> Glucose | ControlSolution | FailedMeasurement:
    """Start, length of message and check, message, xor of the message, end."""
    if cursor.take(2, "start") != _START:
        refuse("wrong start bytes", "start", 0)
    if cursor.u8("length") != _RECORD_SIZE + 2:
        refuse("not the length of a record", "length", 2)
    message = cursor.take(_RECORD_SIZE, "record")
    if cursor.u8("checksum") != xor_of(message):
        refuse("wrong checksum", "checksum", 3 + _RECORD_SIZE)
    if cursor.u8("end") != _END:
        refuse("wrong end byte", "end", 4 + _RECORD_SIZE)
    year, month, day, hour, minute = message[2:7]
    meal = message[9]
    return judge_glucose(
        GlucoseClaim(
            value=Decimal(int.from_bytes(message[7:9], "big")),
            meal=name(meal, _MEALS) if meal else None,
            device_time=moment((2000 + year, month, day), (hour, minute, 0)),
        )
    )
