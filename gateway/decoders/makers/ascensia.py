"""Ascensia (Bayer) Contour over USB and serial: ASTM frames and the records in them.

Layouts: glucometers-tech/glucometerutils, tidepool-org/uploader.
"""

import re
from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.readings import ControlSolution, DeviceInfo, FailedMeasurement, Glucose
from gateway.decoders.checks import sum_of
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import GlucoseClaim, judge_glucose
from gateway.decoders.times import moment

# An EOT of the line before may stand in front.
_FRAME = re.compile(
    rb"\x04?\x02([0-7]([^\x02\x03\x0d\x17]*)\x0d[\x17\x03])([0-9A-F]{2})\x0d\x0a",
)
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?", re.ASCII)
_VALUE = re.compile(r"\d{1,4}(\.\d{1,2})?", re.ASCII)
_LIMITS = re.compile(r"V=(\d+)(\d{3})", re.ASCII)
_RESULT_FIELDS = 9
_HEADER_FIELDS = 14
_TEST = "^^^Glucose"
_UNITS = ("mg/dL", "mmol/L")
_UNIT_SETTINGS = {"0": "mg/dL", "1": "mmol/L"}
_MEALS = {"B": "preprandial", "A": "postprandial"}
_RANGES = {">": "above_range", "<": "below_range"}
_CONTROL, _SERIAL_CONTROL = "C", "E"

Said = Glucose | ControlSolution | FailedMeasurement | DeviceInfo


def frame(cursor: Cursor, _hints: Hints) -> Said:
    """STX, digit, record, CR, ETB or ETX, sum from the digit on, CR LF."""
    match = _FRAME.match(cursor.take(cursor.left(), "frame"))
    if match is None:
        refuse("no complete frame", "frame", 0)
    summed, inner, checksum = match.groups()
    if sum_of(summed) != int(checksum, 16):
        refuse("wrong checksum", "checksum", match.start(3))
    if not inner.isascii():
        refuse("a record is ASCII", "record", match.start(2))
    return record(inner.decode("ascii"))


def record(line: str) -> Said:
    """A result (`R`) or the header (`H`); every other record type is refused."""
    fields = line.split("|")
    if fields[0] not in ("R", "H"):
        refuse("neither a result nor a header", "type", 0)
    return _result(fields) if fields[0] == "R" else _header(fields)


def _result(fields: list[str]) -> Glucose | ControlSolution | FailedMeasurement:
    if len(fields) < _RESULT_FIELDS:
        refuse("the record ends early", "device_time")
    _, sequence, test, value, unit_method, *spread, time = fields[:_RESULT_FIELDS]
    unit = unit_method.partition("^")[0]
    if test != _TEST or unit not in _UNITS:
        refuse("not a glucose result", "test")
    if not (_VALUE.fullmatch(value) and _whole(sequence)):
        refuse("no number", "value")
    # Older serial meters spread the marks over three fields, E in the last being control.
    marks = {mark for field in spread for mark in field.split("/")}
    return judge_glucose(
        GlucoseClaim(
            value=Decimal(value),
            unit=unit,
            control=_CONTROL in marks or _SERIAL_CONTROL in spread[-1].split("/"),
            sequence=int(sequence),
            device_time=_time(time),
            meal=next((meal for mark, meal in _MEALS.items() if mark in marks), None),
            flags=tuple(flag for mark, flag in _RANGES.items() if mark in marks),
        )
    )


def _header(fields: list[str]) -> DeviceInfo:
    if len(fields) < _HEADER_FIELDS:
        refuse("the header ends early", "device_time")
    product, _, rest = fields[4].partition("^")
    versions_and_serial = rest.split("^")
    settings = fields[5].split("^")
    limits = next(filter(None, map(_LIMITS.fullmatch, settings)), None)
    unit = next((s.removeprefix("U=") for s in settings if s.startswith("U=")), "")
    return DeviceInfo(
        model=product or None,
        serial=versions_and_serial[1] if len(versions_and_serial) > 1 else None,
        records=int(fields[6]) if _whole(fields[6]) else None,
        low_limit=Decimal(limits[1]) if limits else None,
        high_limit=Decimal(limits[2]) if limits else None,
        unit=_UNIT_SETTINGS.get(unit),
        device_time=_time(fields[13]),
    )


def _whole(text: str) -> bool:
    """A counter of at most six digits."""
    return text.isascii() and text.isdecimal() and len(text) <= 6


def _time(text: str) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        refuse("no date and time", "device_time")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    return moment((year, month, day), (hour, minute, second))
