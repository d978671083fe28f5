"""LifeScan: OneTouch Ultra2 lines and OneTouch Verio records.

Layouts: glucometers-tech/glucometer-protocols and glucometerutils, tidepool-org/uploader.
"""

import re
from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.readings import ControlSolution, DeviceClock, FailedMeasurement, Glucose
from gateway.decoders.checks import crc16_ccitt, sum_of
from gateway.decoders.codes import name
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import GlucoseClaim, judge_glucose
from gateway.decoders.times import moment, since

_CHECKED = re.compile(r"(.*) ([0-9A-F]{4})", re.ASCII)
_WHEN = r'"[A-Z]{3}","(\d\d)/(\d\d)/(\d\d)","(\d\d):(\d\d):(\d\d) {3}"'
_RECORD = re.compile(rf'P {_WHEN},"([C ]) (\d{{3}})([? ])","([NBA])","\d\d", 00', re.ASCII)
_CLOCK = re.compile(rf"[FT] {_WHEN}", re.ASCII)
_LINE_MEALS = {"B": "preprandial", "A": "postprandial"}

_FRAME_SIZE = 18
_REPLY = b"\x00\x03\x06"
_START, _END = 0x02, 0x03
_EPOCH_YEAR = 2000
_RECORD_MEALS = {1: "preprandial", 2: "postprandial"}


def ultra2_line(line: str) -> Glucose | ControlSolution | FailedMeasurement | DeviceClock:
    """A record (`P`) or the clock (`F`, after setting `T`), with a sum; always mg/dL."""
    checked = _CHECKED.fullmatch(line)
    if checked is None:
        refuse("no line with a checksum", "line")
    text, checksum = checked.groups()
    if sum_of(text.encode("ascii"), bits=16) != int(checksum, 16):
        refuse("wrong checksum", "checksum", len(text) + 1)
    if clock := _CLOCK.fullmatch(text):
        return DeviceClock(device_time=_line_time(clock.groups()))
    record = _RECORD.fullmatch(text)
    if record is None:
        refuse("neither a record nor the clock", "line")
    *when, control, value, parity, meal = record.groups()
    if parity == "?":
        refuse("the meter marks a parity error", "value")
    return judge_glucose(
        GlucoseClaim(
            value=Decimal(int(value)),
            control=control == "C",
            meal=_LINE_MEALS.get(meal),
            device_time=_line_time(tuple(when)),
        )
    )


def _line_time(texts: tuple[str, ...]) -> datetime | None:
    month, day, year, hour, minute, second = map(int, texts)
    return moment((2000 + year, month, day), (hour, minute, second))


def verio_record(cursor: Cursor, _hints: Hints) -> Glucose | ControlSolution | FailedMeasurement:
    """The reply to a record request: a frame of eighteen bytes; always mg/dL."""
    frame = Cursor(_frame(cursor))
    time = since(_EPOCH_YEAR, frame.u32("device_time"))
    value = Decimal(frame.u16("value"))
    control = frame.u8("control") != 0
    meal = frame.u8("meal")
    return judge_glucose(
        GlucoseClaim(
            value=value,
            control=control,
            meal=name(meal, _RECORD_MEALS) if meal else None,
            device_time=time,
        )
    )


def _frame(cursor: Cursor) -> bytes:
    """The record inside its frame: 02, length of the whole, reply, record, 03, CRC."""
    frame = cursor.take(_FRAME_SIZE, "frame")
    if frame[0] != _START or frame[1] != _FRAME_SIZE or frame[15] != _END:
        refuse("not a frame with one record", "frame", 0)
    if crc16_ccitt(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        refuse("wrong checksum", "checksum", 16)
    if frame[2:5] != _REPLY:
        refuse("not a reply to a record request", "reply", 2)
    return frame[5:15]
