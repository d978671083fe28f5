"""Local dates, months and spans of whole days in a patient's zone. No clock: instants come in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Span:
    """Whole local days, both ends included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def meets(self, other: "Span") -> bool:
        """True where at least one day belongs to both."""
        return self.first <= other.last and other.first <= self.last


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar date an instant has in this zone."""
    return instant.astimezone(zone).date()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local date begins, in UTC.

    Where a clock change skips midnight, that is the moment of the change.
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def local_instant(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """A full local hour of a date, in UTC."""
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def is_closed(span: Span, as_of: datetime, zone: ZoneInfo) -> bool:
    """A span closes at the local midnight that ends its last day."""
    return as_of >= midnight(span.last + ONE_DAY, zone)


def month_of(day: date) -> Span:
    """The calendar month a date lies in."""
    first = day.replace(day=1)
    return Span(first=first, last=(first + 31 * ONE_DAY).replace(day=1) - ONE_DAY)


def month_named(text: str) -> Span:
    """The month written `YYYY-MM`."""
    return month_of(date.fromisoformat(f"{text}-01"))


def first_weekday(month: Span) -> date:
    """The first day from Monday to Friday of a month."""
    return next(
        day for day in (month.first + n * ONE_DAY for n in range(3)) if day.isoweekday() < 6
    )


def a_year_before(day: date) -> date:
    """The same date one year earlier; for 29 February the 28th."""
    if (day.month, day.day) == (2, 29):
        return day.replace(year=day.year - 1, day=28)
    return day.replace(year=day.year - 1)


def split_at_midnight(
    start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[date, datetime, datetime]]:
    """The parts of an interval on each local date; an empty interval has none."""
    day = local_date(start, zone)
    while start < end:
        cut = min(end, midnight(day + ONE_DAY, zone))
        if cut > start:
            yield day, start, cut
            start = cut
        day += ONE_DAY


def seconds(length: timedelta) -> Fraction:
    """Elapsed seconds, exactly."""
    return Fraction(length // MICROSECOND, 1_000_000)
