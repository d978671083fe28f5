"""Dates as day numbers since 1970-01-01, instants as microseconds since then."""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
LONG_AGO, FOREVER = -1_000_000, 1_000_000
LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

Month = tuple[int, int]


def leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def length(month: Month) -> int:
    year, number = month
    return 29 if number == 2 and leap(year) else LENGTHS[number - 1]


@cache
def first_of(month: Month) -> int:
    year, number = month
    before = year - 1
    days = 365 * before + before // 4 - before // 100 + before // 400 - 719_162
    return days + sum(length((year, earlier)) for earlier in range(1, number))


@cache
def day(text: str) -> int:
    year, month, number = (int(part) for part in text.split("-"))
    return first_of((year, month)) + number - 1


def month(text: str) -> Month:
    year, number = text.split("-")
    return int(year), int(number)


@cache
def civil(number: int) -> tuple[int, int, int]:
    year = 1970 + number // 366
    while number >= first_of((year + 1, 1)):
        year += 1
    which = 1
    while which < 12 and number >= first_of((year, which + 1)):
        which += 1
    return year, which, number - first_of((year, which)) + 1


def month_of(number: int) -> Month:
    return civil(number)[:2]


def last_of(which: Month) -> int:
    return first_of(which) + length(which) - 1


def text(number: int) -> str:
    return "{:04}-{:02}-{:02}".format(*civil(number))


def first_weekday(which: Month) -> int:
    number = first_of(which)
    while (number + 3) % 7 >= 5:  # 1970-01-01 was a Thursday
        number += 1
    return number


INSTANT = re.compile(r"(.{10})T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))")


def instant(written: str) -> int:
    found = INSTANT.fullmatch(written)
    assert found, written
    date, hour, minute, second, fraction, _, sign, off_hours, off_minutes = found.groups()
    value = day(date) * DAY + (int(hour) * 60 + int(minute)) * MINUTE + int(second) * SECOND
    value += int((fraction or ".0")[1:7].ljust(6, "0"))
    if sign:
        shift = (int(off_hours) * 60 + int(off_minutes)) * MINUTE
        value += -shift if sign == "+" else shift
    return value


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset(moment: int, zone: str) -> int:
    there = (EPOCH + timedelta(seconds=moment // SECOND)).astimezone(ZoneInfo(zone))
    ahead = there.utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds()) * SECOND


def local_day(moment: int, zone: str) -> int:
    return (moment + offset(moment, zone)) // DAY


@cache
def midnight(number: int, zone: str) -> int:
    """The first second whose local date is not before this day."""
    low, high = number * 86_400 - 20 * 3600, number * 86_400 + 20 * 3600
    while low < high:
        middle = (low + high) // 2
        if local_day(middle * SECOND, zone) < number:
            low = middle + 1
        else:
            high = middle
    return low * SECOND
