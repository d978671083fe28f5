from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from cloud_sync.rules.calendar import (
    Span,
    a_year_before,
    first_weekday,
    is_closed,
    local_date,
    midnight,
    month_named,
    month_of,
    seconds,
    split_at_midnight,
)

DENVER = ZoneInfo("America/Denver")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def test_spans_hold_both_ends() -> None:
    span = Span(first=date(2026, 1, 1), last=date(2026, 1, 30))
    assert date(2026, 1, 1) in span
    assert date(2026, 1, 30) in span
    assert date(2026, 1, 31) not in span
    assert span.meets(Span(first=date(2026, 1, 30), last=date(2026, 2, 5)))
    assert not span.meets(Span(first=date(2026, 1, 31), last=date(2026, 2, 5)))


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2024, 2, 29), date(2024, 2, 29)),
        (date(2025, 2, 1), date(2025, 2, 28)),
        (date(2025, 12, 31), date(2025, 12, 31)),
        (date(2026, 4, 15), date(2026, 4, 30)),
    ],
)
def test_a_month_ends_on_its_last_day(day: date, last: date) -> None:
    assert month_of(day) == Span(first=day.replace(day=1), last=last)
    assert month_named(f"{day:%Y-%m}") == month_of(day)


@pytest.mark.parametrize(
    ("month", "day"), [("2026-01", 1), ("2026-02", 2), ("2026-08", 3), ("2025-06", 2)]
)
def test_the_first_weekday_is_no_weekend(month: str, day: int) -> None:
    assert first_weekday(month_named(month)).day == day


def test_midnight_moves_with_the_clocks() -> None:
    assert midnight(date(2026, 3, 8), DENVER) == datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert midnight(date(2026, 3, 9), DENVER) == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_a_midnight_that_never_was_is_the_moment_of_the_change() -> None:
    # Brazil's clocks went from 2018-11-03 24:00 to 2018-11-04 01:00, at 03:00 UTC.
    change = datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert midnight(date(2018, 11, 4), SAO_PAULO) == change
    assert local_date(change, SAO_PAULO) == date(2018, 11, 4)
    assert local_date(change - timedelta(seconds=1), SAO_PAULO) == date(2018, 11, 3)


def test_a_span_closes_with_its_last_day() -> None:
    january = month_named("2026-01")
    end = datetime(2026, 2, 1, 7, tzinfo=UTC)
    assert is_closed(january, end, DENVER)
    assert not is_closed(january, end - timedelta(microseconds=1), DENVER)


def test_an_interval_is_split_at_each_midnight() -> None:
    start, end = datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 1, 3, 7, tzinfo=UTC)
    parts = list(split_at_midnight(start, end, DENVER))
    assert [day.day for day, _, _ in parts] == [31, 1, 2]
    assert sum((b - a for _, a, b in parts), timedelta()) == end - start
    assert list(split_at_midnight(start, start, DENVER)) == []


def test_a_year_before() -> None:
    assert a_year_before(date(2026, 3, 1)) == date(2025, 3, 1)
    assert a_year_before(date(2024, 2, 29)) == date(2023, 2, 28)


def test_seconds_are_exact() -> None:
    assert seconds(timedelta(seconds=1, microseconds=1)) == Fraction(1_000_001, 1_000_000)
