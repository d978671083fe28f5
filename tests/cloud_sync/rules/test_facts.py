from datetime import date

import pytest

from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.facts import Episode
from tests.spec.cases import case


@pytest.mark.parametrize(("day", "inside"), [(4, False), (5, True), (9, True), (10, False)])
def test_an_episode_holds_both_its_ends(day: int, inside: bool) -> None:
    episode = Episode(start=date(2026, 1, 5), end=date(2026, 1, 9))
    assert (date(2026, 1, day) in episode) == inside


def test_an_open_episode_never_ends() -> None:
    assert date(2199, 1, 1) in Episode(start=date(2026, 1, 5), end=None)


def test_a_month_is_open_until_the_patients_midnight() -> None:
    january = month_named("2026-01")
    assert case("2026-02-01T06:59:59Z").is_open(january)
    assert not case("2026-02-01T07:00:00Z").is_open(january)
    assert not case("2026-02-01T06:59:59Z", settings={"time_zone": "UTC"}).is_open(january)
