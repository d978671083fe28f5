"""Device times: naive, to the second, as the device gave them; None where no such moment exists.

Also the two forms in which a hub writes a device's clock (GATT Specification Supplement).
"""

from datetime import datetime, timedelta
from enum import IntFlag

from gateway.decoders.cursor import Cursor

# Date Time 2A08 allows 1582 to 9999 (GATT Specification Supplement); 0 is "not known".
_YEAR_MIN = 1582
_YEAR_MAX = 9999


class AdjustReason(IntFlag):
    """Why a clock was set: the last byte of Current Time 2A2B."""

    MANUAL = 1
    EXTERNAL_REFERENCE = 2
    TIME_ZONE = 4
    DAYLIGHT_SAVING = 8


def moment(date: tuple[int, int, int], time: tuple[int, int, int]) -> datetime | None:
    """The moment of (year, month, day) and (hour, minute, second), or None if there is none."""
    if not _YEAR_MIN <= date[0] <= _YEAR_MAX:
        return None
    try:
        return datetime(*date, *time)  # noqa: DTZ001 - the device's word is zoneless
    except ValueError:
        return None


def read_date_time(cursor: Cursor, field: str = "device_time") -> datetime | None:
    """Seven bytes of Date Time 2A08; a date with a 0 or one that does not exist is None."""
    year = cursor.u16(field)
    month, day, hour, minute, second = cursor.take(5, field)
    return moment((year, month, day), (hour, minute, second))


def read_short_date(cursor: Cursor, field: str = "device_time") -> datetime | None:
    """Six bytes: year since 2000, month, day, hour, minute, second."""
    year, month, day, hour, minute, second = cursor.take(6, field)
    return moment((2000 + year, month, day), (hour, minute, second))


def shifted(base: datetime | None, minutes: int) -> datetime | None:
    """`base` moved by `minutes`, or None where that leaves the calendar of Date Time."""
    if base is None:
        return None
    try:
        time = base + timedelta(minutes=minutes)
    except OverflowError:
        return None
    return time if time.year >= _YEAR_MIN else None


def since(epoch_year: int, seconds: int) -> datetime:
    """Seconds counted from the first of January of `epoch_year`; 32 bits never overflow."""
    assert 0 <= seconds < 1 << 32, "a counter of 32 bits"
    return datetime(epoch_year, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001


def encode_date_time(local: datetime) -> bytes:
    """The seven bytes of Date Time 2A08 for a naive local time."""
    assert local.tzinfo is None, "a device clock is written as naive local time"
    assert local.year >= _YEAR_MIN, "Date Time begins in 1582"
    rest = bytes((local.month, local.day, local.hour, local.minute, local.second))
    return local.year.to_bytes(2, "little") + rest


def encode_current_time(local: datetime, reason: AdjustReason) -> bytes:
    """The ten bytes of Current Time 2A2B: Date Time, day of week, 1/256 s, reason."""
    fraction = local.microsecond * 256 // 1_000_000
    return encode_date_time(local) + bytes((local.isoweekday(), fraction, reason))
