"""A device's clock as read: Date Time 2A08 and Current Time 2A2B."""

from cloud_sync.contract.readings import DeviceClock
from gateway.decoders.cursor import Cursor
from gateway.decoders.hints import Hints
from gateway.decoders.times import read_date_time


def date_time(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """2A08."""
    return DeviceClock(device_time=read_date_time(cursor))


def current_time(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """2A2B: Date Time, then day of week, 1/256 s and adjust reason, which change nothing here."""
    time = read_date_time(cursor)
    cursor.take(3, "day_of_week")
    return DeviceClock(device_time=time)
