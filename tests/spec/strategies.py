"""Random case files: dense in space and time, so that rules meet each other often."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

ZONES = ("America/Denver", "America/New_York", "UTC", "Pacific/Kiritimati", "America/Sao_Paulo")
FIRST = date(2025, 11, 20)
SPAN_DAYS = 100


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def moment(quarters: int) -> str:
    start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC)
    return (start + timedelta(minutes=15 * quarters)).isoformat()


days = st.integers(0, SPAN_DAYS).map(day)
mostly = st.integers(0, 9).map(lambda number: number != 9)
seldom = mostly.map(lambda value: not value)


def often(usual: str | None) -> st.SearchStrategy[str | None]:
    """The usual value three times out of four, else a date within the case."""
    return st.integers(0, 3).flatmap(lambda number: days if number == 3 else st.just(usual))


@st.composite
def runs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Readings of one device on consecutive days, sent at once or all together later."""
    first = draw(st.integers(0, SPAN_DAYS * 64))
    step = draw(st.sampled_from([96, 96, 96, 97, 48, 192]))
    places = range(first, first + step * draw(st.integers(1, 24)), step)
    delay = draw(st.sampled_from([0, 0, 0, 1, 60, -1]))
    together = draw(st.sampled_from([False, False, False, True]))
    same = {
        "device": draw(st.sampled_from(["D1"] * 8 + ["D2", "D2", "D3", "D9"])),
        "source": draw(st.sampled_from(["automatic"] * 9 + ["manual"])),
        "result": draw(st.sampled_from(["measurement"] * 9 + ["failed", "control"])),
    }
    return [
        same
        | {
            "measured_at": moment(place),
            "received_at": moment(places[-1] if together else place + delay),
        }
        for place in places
    ]


devices = st.fixed_dictionaries(
    {
        "assigned_from": often("2025-01-01"),
        "assigned_to": often(None),
        "automatic": mostly,
        "fda_defined": mostly,
        "test": seldom,
    }
)
consents = st.fixed_dictionaries(
    {
        "program": st.just("RPM"),
        "given_on": often("2025-01-01"),
        "documented": mostly,
        "revoked_on": often(None),
    }
)


@st.composite
def episodes(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One, or two that do not overlap, the earlier one ended."""
    if draw(st.booleans()):
        return [{"program": "RPM", "start": "2025-11-01", "end": draw(often(None))}]
    end = draw(st.integers(10, SPAN_DAYS - 20))
    pause = draw(st.integers(1, 40))
    return [
        {"program": "RPM", "start": day(draw(st.integers(0, 10))), "end": day(end)},
        {"program": "RPM", "start": day(end + pause), "end": None},
    ]


@st.composite
def day_cases(draw: st.DrawFn) -> dict[str, Any]:
    """A case about days, with nothing supplied by default."""
    start = draw(st.sampled_from(["first_reading", "first_reading", "calendar_month", "date"]))
    as_of = draw(st.sampled_from([moment(SPAN_DAYS * 140)] * 3 + [moment(SPAN_DAYS * 50)]))
    return {
        "id": "random",
        "as_of": as_of,
        "defaults": False,
        "settings": {
            "time_zone": draw(st.sampled_from(ZONES)),
            "period_start": draw(days) if start == "date" else start,
            "day_rule": draw(st.sampled_from(["measured", "received"])),
            "late_receipt_days": draw(st.sampled_from([0, 3, 30])),
        },
        "patient": {"payer": "medicare", "established_on": draw(often("2020-01-01"))},
        "consents": draw(st.lists(consents, min_size=1, max_size=2)),
        "orders": [{"program": "RPM", "ordered_on": draw(often("2025-01-01"))}],
        "episodes": draw(episodes()),
        "devices": [{"id": name} | draw(devices) for name in ("D1", "D2", "D3")],
        "readings": [one for run in draw(st.lists(runs(), min_size=2, max_size=6)) for one in run],
    }


@st.composite
def time_entries(draw: st.DrawFn) -> dict[str, Any]:
    """Within one evening and the night after it, so that most of them overlap."""
    start = draw(st.integers(0, 700))
    length = draw(st.integers(0, 90))
    at = datetime(2026, 1, 31, 22, tzinfo=UTC) + timedelta(minutes=start)
    end = at + timedelta(minutes=length, seconds=draw(st.sampled_from([0, 0, 1, 59])))
    return {
        "program": draw(st.sampled_from(["RPM", "CCM", "other"])),
        "start": at.isoformat(),
        "end": end.isoformat(),
        "staff": draw(st.sampled_from(["S1", "S2", "P1", "N1"])),
        "note": draw(
            st.sampled_from(
                ["Compared the values of this week with the last", "called", "Sent the refill"]
            )
        ),
        "interactive": draw(st.booleans()),
        "patients": draw(st.sampled_from([1, 1, 2, 3])),
        "other_patient": draw(st.sampled_from([False, False, False, True])),
    }


@st.composite
def time_cases(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "id": "random",
        "as_of": "2026-04-01T00:00:00Z",
        "settings": {"time_zone": draw(st.sampled_from(ZONES))},
        "staff": [
            {"id": "S2", "role": "clinical_staff"},
            {"id": "N1", "role": "non_clinical"},
        ],
        "time": draw(st.lists(time_entries(), max_size=12)),
        "minutes": [],
    }
