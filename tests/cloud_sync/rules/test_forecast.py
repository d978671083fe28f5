"""What can still be reached, by when, and why days are missing."""

from datetime import UTC, date, datetime
from typing import Any

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted
from cloud_sync.rules.forecast import Contact, day_forecast, sentences, time_forecast
from cloud_sync.rules.tables import BUNDLED

JANUARY = Span(first=date(2026, 1, 1), last=date(2026, 1, 30))


def counts(as_of: str, days: list[int], **more: Any) -> Counts:
    document = {
        "id": "forecast",
        "as_of": as_of,
        "settings": {"time_zone": "UTC"},
        "reading_days": [{"device": "D1", "dates": [f"2026-01-{day:02}" for day in days]}],
    }
    case = read(document | more)
    assert not isinstance(case, Problem)
    return counted(case, BUNDLED)


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def test_twelve_days_and_four_more() -> None:
    found = day_forecast(
        counts("2026-01-21T12:00:00Z", [*range(1, 12), 20]),
        JANUARY,
        Contact(complete_to=at(21, 11), outages=((at(12), at(15)),)),
    )
    assert found is not None
    assert (found.have, found.missed) == (12, {"hub_offline": 3, "no_reading": 5})
    in_short = (
        "12 days so far; 4 more by 30 January; the hub was offline on 3 days, "
        "no reading was taken on 5."
    )
    assert list(sentences(found, ())) == [
        in_short,
        "The period runs from 1 January to 30 January.",
        "99454 needs 4 more by 30 January: one reading a day, from 27 January at the latest.",
        "Readings must reach the clinic by 2 February.",
    ]


def test_today_can_still_bring_a_day_and_a_day_gone_cannot() -> None:
    days = list(range(1, 13))
    for as_of, reachable in (("2026-01-27T23:59:00Z", True), ("2026-01-28T00:00:00Z", False)):
        found = day_forecast(counts(as_of, days), JANUARY, Contact())
        assert found is not None
        assert [step.reachable for step in found.steps] == [reachable]
    assert "99454 can no longer be reached: 4 more days are needed." in sentences(found, ())


def test_todays_own_day_is_not_hoped_for_twice() -> None:
    found = day_forecast(counts("2026-01-27T23:00:00Z", [*range(1, 12), 27]), JANUARY, Contact())
    assert found is not None
    assert [step.reachable for step in found.steps] == [False]


def test_what_waits_on_the_hub_may_bring_the_rest() -> None:
    """Nothing heard since the 24th: readings of three days may be on the way."""
    found = day_forecast(
        counts("2026-01-28T12:00:00Z", list(range(1, 13))),
        JANUARY,
        Contact(complete_to=at(25), outages=((at(25), at(28, 12)),)),
    )
    assert found is not None
    assert found.missed == {"hub_offline": 3, "no_reading": 12}
    assert found.may_arrive == 3
    (step,) = found.steps
    assert (step.reachable, step.start_by) == (True, None)
    said = list(sentences(found, ()))
    assert "Readings of 3 days may still be on the hub." in said
    assert any("only readings that still wait on the hub" in one for one in said)


def test_where_nothing_is_known_it_says_so() -> None:
    found = day_forecast(counts("2026-01-03T12:00:00Z", [1]), JANUARY, Contact())
    assert found is not None
    assert found.missed == {"unknown": 1}
    assert "Why there is nothing on 1 day is not known." in sentences(found, ())


def test_a_day_whose_readings_do_not_count_is_not_called_missing() -> None:
    typed = {"device": "D1", "dates": ["2026-01-02"], "source": "manual"}
    good = {"device": "D1", "dates": ["2026-01-01"]}
    found = day_forecast(
        counts("2026-01-03T12:00:00Z", [], reading_days=[good, typed]),
        JANUARY,
        Contact(complete_to=at(3)),
    )
    assert found is not None
    assert found.missed == {"left_out": 1}


def test_minutes_and_the_conversation_that_is_missing() -> None:
    def told(*, interactive: bool) -> list[str]:
        work = {"program": "RPM", "month": "2026-01", "minutes": 14, "interactive": interactive}
        known = counts("2026-01-21T12:00:00Z", [1], minutes=[work])
        return list(sentences(None, (time_forecast(known, "RPM"), time_forecast(known, "CCM"))))

    assert told(interactive=False) == [
        "RPM: 14 minutes so far this month.",
        "99457 needs 6 more by 31 January.",
        "A live conversation with the patient is still needed by 31 January.",
    ]
    assert told(interactive=True) == [
        "RPM: 14 minutes so far this month.",
        "99457 needs 6 more by 31 January.",
    ]
