from typing import Any

import pytest

from cloud_sync.rules.case import Problem, read
from tests.spec.cases import case, case_file, entry


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"as_of": "2026-01-01"}, "as_of"),
        ({"as_of": "2026-01-01T00:00:00"}, "as_of"),
        ({"as_of": "9999-12-31T00:00:00Z"}, "as_of"),
        ({"id": ""}, "id"),
        ({"surprise": 1}, "case"),
        ({"settings": {"time_zone": "Mars/Olympus"}}, "settings.time_zone"),
        ({"settings": {"time_zone": "../etc"}}, "settings.time_zone"),
        ({"settings": {"time_zone": "America"}}, "settings.time_zone"),
        ({"settings": {"period_start": "monday"}}, "settings.period_start"),
        ({"settings": {"caps": {"99458": -1}}}, "settings.caps[...]"),
        ({"patient": {"conditions": [{}]}}, "patient.conditions[0]"),
        ({"readings": [{"device": "D1"}]}, "readings[0]"),
        ({"readings": [{"device": "D1", "measured_at": "now"}]}, "readings[0].measured_at"),
        (
            {"readings": [{"device": "D1", "measured_at": "1700-01-01T00:00:00Z"}]},
            "readings[0].measured_at",
        ),
        ({"reading_days": [{"device": "D1", "dates": ["2026-02-30"]}]}, "reading_days[0].dates[0]"),
        (
            {"reading_days": [{"device": "D1", "dates": [], "received": "soon"}]},
            "reading_days[0].received",
        ),
        ({"time": [entry("2026-01-02T10:00:00Z", "2026-01-02T09:00:00Z")]}, "time[0].end"),
        ({"minutes": [{"program": "RPM", "month": "2026-13", "minutes": 1}]}, "minutes[0].month"),
        ({"stays": [{"kind": "snf", "from": "2026-01-02", "to": "2026-01-01"}]}, "stays[0].to"),
        ({"other_claims": [{"code": "G0181"}]}, "other_claims[0]"),
        ({"episodes": [{"program": "RPM", "start": "0001-01-01"}]}, "episodes[0].start"),
    ],
)
def test_a_problem_names_the_key(change: dict[str, Any], path: str) -> None:
    problem = read(case_file() | change)
    assert isinstance(problem, Problem)
    assert problem.path == path
    assert str(problem).startswith(f"{path}: ")


def test_an_instant_is_what_it_is_whatever_its_offset() -> None:
    one = case(readings=[{"device": "D1", "measured_at": "2026-03-04T23:30:00-07:00"}])
    other = case(readings=[{"device": "D1", "measured_at": "2026-03-05T06:30:00Z"}])
    assert one.readings == other.readings


def test_reading_days_are_readings_from_eight_a_minute_apart() -> None:
    [first, second] = case(
        reading_days=[{"device": "D1", "dates": ["2026-03-08"], "per_day": 2}]
    ).readings
    assert first.measured_at.isoformat() == "2026-03-08T14:00:00+00:00"
    assert second.measured_at.isoformat() == "2026-03-08T14:01:00+00:00"
    assert first.received_at == first.measured_at


def test_reading_days_may_arrive_together() -> None:
    days = {"device": "D1", "dates": ["2026-03-08"], "received": "2026-03-10T09:00:00-06:00"}
    [reading] = case(reading_days=[days]).readings
    assert str(reading.received_on) == "2026-03-10"


def test_minutes_are_an_entry_apart_on_the_first_weekday() -> None:
    short = {"program": "RPM", "month": "2026-08", "minutes": 5, "seconds": 30}
    [found] = case("2026-09-01T00:00:00Z", minutes=[short]).entries
    assert found.start.isoformat() == "2026-08-03T15:00:00+00:00"
    assert (found.end - found.start).total_seconds() == 330
    assert (found.apart, found.note, found.staff) == (True, None, "S1")


def test_what_is_not_known_yet_is_left_out() -> None:
    found = case(
        "2026-01-10T00:00:00Z",
        readings=[
            {"device": "D1", "measured_at": "2026-01-09T23:59:00Z"},
            {"device": "D1", "measured_at": "2026-01-10T00:00:01Z"},
        ],
        time=[
            entry("2026-01-09T10:00:00Z", "2026-01-09T11:00:00Z"),
            entry(
                "2026-01-09T10:00:00Z", "2026-01-09T11:00:00Z", entered_at="2026-01-10T00:01:00Z"
            ),
        ],
    )
    assert len(found.readings) == len(found.entries) == 1


def test_two_people_always_exist() -> None:
    found = case(defaults=False, staff=[{"id": "N1", "role": "non_clinical"}])
    assert found.roles == {
        "S1": "clinical_staff",
        "P1": "practitioner",
        "N1": "non_clinical",
    }


def test_the_answer_of_a_specification_is_not_read() -> None:
    assert case(expect={"lines": "whatever"}) == case()
