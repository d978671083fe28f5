"""FreeStyle Optium and Precision Xtra lines; mg/dL even on meters that show mmol/L.

Layouts: glucometers-tech/glucometer-protocols, tidepool-org/uploader.
"""

import re
from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.readings import (
    ControlSolution,
    DeviceClock,
    FailedMeasurement,
    Glucose,
    Ketone,
)
from gateway.decoders.cursor import refuse
from gateway.decoders.kinds import GlucoseClaim, judge_glucose
from gateway.decoders.numbers import Number, Special
from gateway.decoders.times import moment

_MONTHS = ("Jan ", "Feb ", "Mar ", "Apr ", "May ", "June", "July", "Aug ", "Sep ", "Oct ", "Nov ")
_MONTH_NUMBERS = {month: number for number, month in enumerate((*_MONTHS, "Dec "), start=1)} | {
    "Jun ": 6,
    "Jul ": 7,
    "Sept": 9,
}
_DATE = r"([A-Z][a-z]{2}[a-z ]) (\d\d) (\d{4})"
_RECORD = re.compile(
    rf"(\d{{3}}|HI |LO )  {_DATE} (\d\d):(\d\d) ([GK]) 0x([0-9A-Fa-f]{{2}})", re.ASCII
)
_CLOCK = re.compile(rf"Clock:\t{_DATE}\t(\d\d):(\d\d):(\d\d)", re.ASCII)
_CONTROL, _CLOCK_LOST = 1, 2
_RANGES = {
    "HI ": (Special.ABOVE, ("above_range",)),
    "LO ": (Special.BELOW, ("below_range",)),
}

Said = Glucose | ControlSolution | FailedMeasurement | Ketone | DeviceClock


def line(text: str) -> Said:
    """A record or the clock. Control is judged before the analyte."""
    if clock := _CLOCK.fullmatch(text):
        month, day, year, *time = clock.groups()
        hour, minute, second = map(int, time)
        return DeviceClock(device_time=_time((month, day, year), (hour, minute, second)))
    record = _RECORD.fullmatch(text)
    if record is None:
        refuse("neither a record nor the clock", "line")
    word, month, day, year, hour_text, minute_text, analyte, marks_text = record.groups()
    marks = int(marks_text, 16)
    time_of_day = (int(hour_text), int(minute_text), 0)
    taken = None if marks & _CLOCK_LOST else _time((month, day, year), time_of_day)
    value, flags = _RANGES.get(word) or (Decimal(int(word)), ())
    control = bool(marks & _CONTROL)
    if analyte == "K" and not control:
        return _ketone(value, taken)
    return judge_glucose(GlucoseClaim(value=value, control=control, flags=flags, device_time=taken))


def _ketone(value: Number, time: datetime | None) -> Ketone:
    if isinstance(value, Special):
        refuse("a ketone beyond the meter's range has no number", "value", 0)
    return Ketone(raw_value=value, analyte="K", device_time=time)


def _time(date: tuple[str, str, str], time: tuple[int, int, int]) -> datetime | None:
    """None where the month is no month of this meter, as for any date that does not exist."""
    month, day, year = date
    return moment((int(year), _MONTH_NUMBERS.get(month, 0), int(day)), time)
