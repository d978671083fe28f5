"""Local dates and instants, across changes of the clock."""

from datetime import UTC, date, datetime

import pytest

from cloud_sync.ledger.local_time import local, midnight_ms, month_bounds, to_ms

HOUR = 3_600_000


def test_midnight_is_the_zones_own() -> None:
    denver = midnight_ms(date(2026, 11, 24), "America/Denver")
    assert datetime.fromtimestamp(denver / 1000, UTC) == datetime(2026, 11, 24, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 11, 2), 24)]
)
def test_days_have_the_hours_they_have(day: date, hours: int) -> None:
    following = day.replace(day=day.day + 1)
    zone = "America/Denver"
    assert midnight_ms(following, zone) - midnight_ms(day, zone) == hours * HOUR


def test_there_and_back() -> None:
    at = 1_795_000_000_123
    assert to_ms(local(at, "Asia/Kathmandu")) == at


def test_an_instant_without_a_zone_is_a_fault() -> None:
    with pytest.raises(AssertionError):
        to_ms(datetime(2026, 1, 1))  # noqa: DTZ001 - the fault


@pytest.mark.parametrize(
    ("day", "bounds"),
    [
        (date(2026, 12, 31), (date(2026, 12, 1), date(2027, 1, 1))),
        (date(2028, 2, 29), (date(2028, 2, 1), date(2028, 3, 1))),
    ],
)
def test_a_month_reaches_to_the_next(day: date, bounds: tuple[date, date]) -> None:
    assert month_bounds(day) == bounds
