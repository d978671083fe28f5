"""What makes a transmission day, as tables."""

from datetime import date
from typing import Any

import pytest

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.days import periods, transmission_days
from tests.spec.cases import (
    as_dates,
    case,
    dates,
    determination,
    reading_days,
    reasons,
    warned,
)
from tests.spec.table import table


def days(rows: list[dict[str, str]], **keys: Any) -> tuple[date, ...]:
    readings = [
        {"device": "D1", "measured_at": row["measured"]}
        | ({"received_at": row["received"]} if row.get("received") else {})
        | ({"source": row["source"]} if row.get("source") else {})
        | ({"result": row["result"]} if row.get("result") else {})
        for row in rows
    ]
    return transmission_days(case(readings=readings, **keys))


def test_a_date_is_the_patients_not_the_servers() -> None:
    rows = table("""
        measured             | received
        ---------------------+---------------------
        2026-03-04T23:30:00Z | 2026-03-04T23:31:00Z
        2026-03-05T04:30:00Z | 2026-03-05T04:31:00Z
        2026-03-05T06:59:59Z | 2026-03-05T07:01:00Z
    """)
    assert days(rows, settings={"time_zone": "America/New_York"}) == as_dates(
        ["2026-03-04", "2026-03-05"]
    )
    assert days(rows, settings={"time_zone": "America/Denver"}) == as_dates(["2026-03-04"])
    assert days(rows, settings={"time_zone": "Pacific/Kiritimati"}) == as_dates(["2026-03-05"])


def test_several_readings_on_one_local_date_are_one_day() -> None:
    rows = table("""
        measured
        -------------------------
        2026-03-04T06:00:00-07:00
        2026-03-04T12:00:00-07:00
        2026-03-04T23:59:59-07:00
        2026-03-05T00:00:00-07:00
    """)
    assert days(rows) == as_dates(["2026-03-04", "2026-03-05"])


def test_what_is_no_reading_of_the_device_makes_no_day() -> None:
    rows = table("""
        measured             | source    | result
        ---------------------+-----------+------------
        2026-03-02T12:00:00Z | automatic | measurement
        2026-03-03T12:00:00Z | manual    | measurement
        2026-03-04T12:00:00Z | automatic | failed
        2026-03-05T12:00:00Z | automatic | control
    """)
    assert days(rows) == as_dates(["2026-03-02"])


@pytest.mark.parametrize(
    ("measured", "count"),
    [
        ("2026-03-08T01:59:00-07:00", 1),  # the hour from two to three does not exist that night
        ("2026-03-08T23:30:00-06:00", 1),
        ("2026-03-09T00:00:00-06:00", 2),
        ("2026-03-07T23:59:59-07:00", 2),
    ],
)
def test_the_night_the_clocks_go_forward(measured: str, count: int) -> None:
    rows = [{"measured": measured}, {"measured": "2026-03-08T12:00:00-06:00"}]
    assert len(days(rows)) == count


@pytest.mark.parametrize("offset", ["-06:00", "-07:00"])
def test_both_hours_of_the_night_the_clocks_go_back_are_one_date(offset: str) -> None:
    rows = [{"measured": f"2026-11-01T01:30:00{offset}"}, {"measured": "2026-11-01T23:30:00-07:00"}]
    assert days(rows, as_of="2027-01-01T00:00:00Z") == as_dates(["2026-11-01"])


def test_the_leap_day_is_a_day_like_any_other() -> None:
    found = case(as_of="2024-06-01T00:00:00Z", reading_days=[reading_days("2024-02-20", 16)])
    [period] = periods(found)
    assert period.span == Span(first=date(2024, 2, 20), last=date(2024, 3, 20))
    assert date(2024, 2, 29) in period.days
    assert len(period.days) == 16


def test_periods_roll_from_the_first_usable_reading() -> None:
    found = case(
        reading_days=[
            reading_days("2026-01-03", 2, source="manual"),
            reading_days("2026-01-10", 1),
            reading_days("2026-02-08", 2),
        ]
    )
    rows = table("""
        first      | last       | days
        -----------+------------+-----
        2026-01-10 | 2026-02-08 | 2
        2026-02-09 | 2026-03-10 | 1
    """)
    assert [
        {
            "first": str(period.span.first),
            "last": str(period.span.last),
            "days": str(len(period.days)),
        }
        for period in periods(found)
    ] == rows


@pytest.mark.parametrize(
    "row",
    table("""
    period_start   | first      | last
    ---------------+------------+-----------
    first_reading  | 2026-02-05 | 2026-03-06
    calendar_month | 2026-02-01 | 2026-02-28
    2026-01-10     | 2026-01-10 | 2026-02-08
    2026-02-05     | 2026-02-05 | 2026-03-06
"""),
    ids=lambda row: row["period_start"],
)
def test_where_a_period_lies_is_a_recorded_convention(row: dict[str, str]) -> None:
    found = case(
        settings={"period_start": row["period_start"]},
        reading_days=[reading_days("2026-02-05", 3)],
    )
    [period] = periods(found)
    assert period.span == Span(
        first=date.fromisoformat(row["first"]), last=date.fromisoformat(row["last"])
    )
    assert len(period.days) == 3


def test_before_a_fixed_start_there_is_no_period() -> None:
    found = case(
        settings={"period_start": "2026-02-06"}, reading_days=[reading_days("2026-02-05", 3)]
    )
    assert transmission_days(found) == as_dates(["2026-02-06", "2026-02-07"])


def test_measured_and_received_dates_are_counted_apart() -> None:
    late = reading_days("2026-02-10", 2, received="2026-02-12T09:00:00-07:00")
    by_measurement = determination(reading_days=[reading_days("2026-02-02", 1), late])
    [line] = by_measurement["lines"]
    assert (line["evidence"]["days"], line["evidence"]["days_received"]) == (3, 2)
    assert line["status"] == "billable"
    by_receipt = determination(
        settings={"day_rule": "received"}, reading_days=[reading_days("2026-02-02", 1), late]
    )
    [line] = by_receipt["lines"]
    assert (line["evidence"]["days"], line["evidence"]["days_measured"]) == (2, 3)


@pytest.mark.parametrize(
    "row",
    table("""
    what is on file             | counted | reason
    ----------------------------+---------+----------------------
    consent from 2026-02-10     | 8       | consent_after_service
    consent to 2026-02-09       | 8       | consent_missing
    order from 2026-02-10       | 8       | order_missing
    established from 2026-02-10 | 8       | not_established
"""),
    ids=lambda row: row["what is on file"],
)
def test_paper_works_by_the_day(row: dict[str, str]) -> None:
    what, way, day = row["what is on file"].split()
    limits = {"given_on": day} if way == "from" else {"given_on": "2020-01-01", "revoked_on": day}
    on_file: dict[str, dict[str, Any]] = {
        "consent": {"consents": [{"program": "RPM"} | limits]},
        "order": {"orders": [{"program": "RPM", "ordered_on": day}]},
        "established": {"patient": {"established_on": day}},
    }
    keys = on_file[what]
    found = determination(reading_days=[reading_days("2026-02-02", 16)], **keys)
    [line] = found["lines"]
    assert (line["code"], line["evidence"]["days"]) == ("99445", int(row["counted"]))
    assert row["reason"] in reasons(found, "99454")
    assert line["from"] == "2026-02-02"  # the first usable reading anchors, though it counts not


@pytest.mark.parametrize(
    "row",
    table("""
    assigned from | assigned to | days
    --------------+-------------+-----
                  |             | 10
    2026-02-03    |             | 9
                  | 2026-02-03  | 2
    2026-02-04    | 2026-02-04  | 1
    2026-03-01    |             | 0
"""),
    ids=lambda row: f"{row['assigned from']}-{row['assigned to']}",
)
def test_an_assignment_covers_whole_dates(row: dict[str, str]) -> None:
    device = {
        "id": "D1",
        "assigned_from": row["assigned from"] or None,
        "assigned_to": row["assigned to"] or None,
    }
    found = case(devices=[device], reading_days=[reading_days("2026-02-02", 10)])
    assert len(transmission_days(found)) == int(row["days"])


def test_a_device_lent_twice_counts_in_both_spells_only() -> None:
    found = case(
        devices=[
            {"id": "D1", "assigned_to": "2026-02-03"},
            {"id": "D1", "assigned_from": "2026-02-08"},
        ],
        reading_days=[reading_days("2026-02-02", 10)],
    )
    assert transmission_days(found) == as_dates([*dates("2026-02-02", 2), *dates("2026-02-08", 4)])


@pytest.mark.parametrize(
    "row",
    table("""
    measured             | received             | plausible
    ---------------------+----------------------+----------
    2026-03-02T12:05:00Z | 2026-03-02T12:00:00Z | yes
    2026-03-02T12:05:01Z | 2026-03-02T12:00:00Z | no
    2026-03-02T11:00:00Z | 2026-03-02T12:00:00Z | yes
"""),
    ids=lambda row: row["measured"],
)
def test_a_clock_may_run_five_minutes_ahead(row: dict[str, str]) -> None:
    found = determination(
        readings=[{"device": "D1", "measured_at": row["measured"], "received_at": row["received"]}]
    )
    assert ("implausible_clock" in warned(found)) == (row["plausible"] == "no")


def test_a_later_episode_begins_after_the_earlier_ones_last_period() -> None:
    found = case(
        episodes=[
            {"program": "RPM", "start": "2026-01-05", "end": "2026-01-15"},
            {"program": "RPM", "start": "2026-01-20"},
        ],
        reading_days=[reading_days("2026-01-05", 60)],
    )
    first, second, *_ = periods(found)
    assert first.span == Span(first=date(2026, 1, 5), last=date(2026, 2, 3))
    assert first.days == as_dates(dates("2026-01-05", 11))
    assert second.span == Span(first=date(2026, 2, 4), last=date(2026, 3, 5))


def test_what_is_received_after_the_question_is_not_known() -> None:
    found = case(
        as_of="2026-02-05T12:00:00-07:00",
        reading_days=[
            reading_days("2026-02-02", 2),
            reading_days("2026-02-04", 1, received="2026-02-05T12:00:01-07:00"),
        ],
    )
    assert transmission_days(found) == as_dates(dates("2026-02-02", 2))
