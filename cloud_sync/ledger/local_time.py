"""Instants and a patient's calendar: the one place that turns either into the other."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_NO_PLACE = {"localtime", "Factory"}  # the server's own zone, and the one of no zone at all


@cache
def zones() -> frozenset[str]:
    """Every zone a patient can live in, by IANA name; found once, for it walks the zone files."""
    return frozenset(available_timezones() - _NO_PLACE)


def local(at_ms: int, zone: str) -> datetime:
    """The wall time in a zone."""
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC; the moment must know its zone."""
    assert moment.tzinfo is not None
    return round(moment.timestamp() * 1000)


def midnight_ms(day: date, zone: str) -> int:
    """When this date begins in a zone."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def month_bounds(day: date) -> tuple[date, date]:
    """First day of this date's month and first day of the next."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1)
