"""What so many days earn, under which rules, and when: as tables."""

from datetime import date

import pytest

from tests.spec.cases import (
    codes,
    determination,
    lines,
    reading_days,
    reasons,
    reviews,
    warned,
    words,
)
from tests.spec.table import table


@pytest.mark.parametrize(
    "row",
    table("""
    as_of                     | status
    --------------------------+---------
    2026-03-03T23:59:59-07:00 | held
    2026-03-04T00:00:00-07:00 | billable
    2026-03-04T06:59:59+00:00 | held
"""),
    ids=lambda row: row["as_of"],
)
def test_a_period_closes_at_the_local_midnight_after_its_last_day(row: dict[str, str]) -> None:
    found = determination(row["as_of"], reading_days=[reading_days("2026-02-02", 16)])
    assert lines(found) == [f"99454 x1 {row['status']}"]


@pytest.mark.parametrize(
    "row",
    table("""
    days | last day   | earned | short of
    -----+------------+--------+---------------------------------------
    1    | 2025-12-31 |        | 99445:not_in_force 99454:days_below_threshold
    2    | 2025-12-31 |        | 99445:not_in_force 99454:days_below_threshold
    15   | 2025-12-31 |        | 99445:not_in_force 99454:days_below_threshold
    16   | 2025-12-31 | 99454  |
    30   | 2025-12-31 | 99454  |
    1    | 2026-03-31 |        | 99445:days_below_threshold 99454:days_below_threshold
    2    | 2026-03-31 | 99445  | 99454:days_below_threshold
    15   | 2026-03-31 | 99445  | 99454:days_below_threshold
    16   | 2026-03-31 | 99454  |
    30   | 2026-03-31 | 99454  |
"""),
    ids=lambda row: f"{row['days']} to {row['last day']}",
)
def test_days_and_the_code_they_earn(row: dict[str, str]) -> None:
    last = date.fromisoformat(row["last day"])
    first = date.fromordinal(last.toordinal() - 29).isoformat()
    found = determination(reading_days=[reading_days(first, int(row["days"]))])
    assert codes(found) == row["earned"].split()
    assert all(line["status"] == "billable" for line in found["lines"])
    for expected in words(row["short of"]):
        code, reason = expected.split(":")
        assert reason in reasons(found, code)
    assert {one["code"] for one in found["shortfalls"]} == {
        expected.split(":")[0] for expected in words(row["short of"])
    }


@pytest.mark.parametrize(
    "row",
    table("""
    days | last day   | earned | review
    -----+------------+--------+---------------------------
    2    | 2025-12-31 |        |
    2    | 2026-01-01 | 99445  | rule_set_changes_in_period
    16   | 2026-01-01 | 99454  |
    2    | 2026-01-29 | 99445  | rule_set_changes_in_period
    2    | 2026-01-30 | 99445  |
    16   | 2026-12-31 | 99454  |
    16   | 2027-01-01 | 99454  | rule_unknown
    2    | 2027-06-30 | 99445  | rule_unknown
"""),
    ids=lambda row: f"{row['days']} to {row['last day']}",
)
def test_a_period_takes_the_rules_of_its_last_day(row: dict[str, str]) -> None:
    last = date.fromisoformat(row["last day"])
    first = date.fromordinal(last.toordinal() - 29).isoformat()
    found = determination(
        "2027-12-01T00:00:00Z", reading_days=[reading_days(first, int(row["days"]))]
    )
    assert codes(found) == row["earned"].split()
    for code in codes(found):
        assert reviews(found, code) == words(row["review"])


@pytest.mark.parametrize(
    "row",
    table("""
    received                  | late days | days
    --------------------------+-----------+-----
    2026-03-06T23:59:59-07:00 | 3         | 16
    2026-03-07T00:00:00-07:00 | 3         | 15
    2026-03-03T23:59:59-07:00 | 0         | 16
    2026-03-04T00:00:00-07:00 | 0         | 15
"""),
    ids=lambda row: row["received"],
)
def test_a_reading_may_arrive_a_little_late(row: dict[str, str]) -> None:
    found = determination(
        settings={"late_receipt_days": int(row["late days"])},
        reading_days=[
            reading_days("2026-02-02", 15),
            reading_days("2026-03-03", 1, received=row["received"]),
        ],
    )
    assert found["lines"][0]["evidence"]["days"] == int(row["days"])
    late = row["days"] == "15"
    assert ("received_too_late" in warned(found)) == late
    assert ("received_too_late" in reasons(found, "99454")) == late


def test_the_code_that_only_the_other_clock_would_earn_says_so() -> None:
    found = determination(
        settings={"day_rule": "received"},
        reading_days=[
            reading_days("2026-02-02", 14),
            reading_days("2026-02-16", 2, received="2026-02-18T09:00:00-07:00"),
        ],
    )
    assert lines(found) == ["99445 x1 needs_review"]
    assert reviews(found, "99445") == {"measured_and_received_differ"}
    assert "measured_and_received_differ" in reasons(found, "99454")


def test_an_episode_that_ends_in_its_period_is_for_a_person_to_judge() -> None:
    found = determination(
        episodes=[{"program": "RPM", "start": "2026-02-02", "end": "2026-02-10"}],
        reading_days=[reading_days("2026-02-02", 20)],
    )
    [line] = found["lines"]
    assert (line["code"], line["status"], line["evidence"]["days"]) == ("99445", "needs_review", 9)
    assert "episode_ended_in_period" in line["reasons"]
    assert "outside_episode" in warned(found)
