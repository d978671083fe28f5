"""What two readings of the rules first disagreed on, each as a small case with its answer."""

from typing import Any

import pytest

from tests.spec.cases import (
    codes,
    determination,
    entry,
    lines,
    reading_days,
    reasons,
    reviews,
    warned,
)
from tests.spec.table import table


@pytest.mark.parametrize(
    "row",
    table("""
    note                                                         | mixed
    -------------------------------------------------------------+------
    Asked the specialist's office about the cuff and the pills   | yes
    Asked the specialist’s office about the cuff and the pills   | yes
    Compared the readings with the pharmacy's list of pills      | yes
    Sent labs and an alert: BP-log to the daughter as well       | yes
    Labelled the cuffs and read the laboratory's letter aloud    | no
"""),  # noqa: RUF001 - the quotation mark that telephones write
    ids=lambda row: row["note"],
)
def test_a_possessive_is_still_the_word(row: dict[str, str]) -> None:
    work = entry("2026-01-14T10:00:00-07:00", "2026-01-14T10:25:00-07:00", "CCM", note=row["note"])
    found = determination(time=[work])
    status = "needs_review" if row["mixed"] == "yes" else "billable"
    assert lines(found) == [f"99490 x1 {status}"]
    assert ("mixed_note" in reviews(found, "99490")) == (row["mixed"] == "yes")


@pytest.mark.parametrize(
    "row",
    table("""
    days measured | of them sent later | another bills | 99454 short of                   | 99445
    --------------+--------------------+---------------+----------------------------------+------
    16            | 5                  | yes           | another_practitioner             |
    16            | 5                  |               |                                  |
    15            | 0                  |               | days_below_threshold             | x1
"""),
    ids=lambda row: " ".join(row.values()),
)
def test_the_two_counts_are_named_only_where_the_other_would_earn_the_code(
    row: dict[str, str],
) -> None:
    """A code that another practitioner's claim blocks is not earned by any way of counting."""
    late = int(row["of them sent later"])
    prompt = int(row["days measured"]) - late
    runs = [reading_days("2026-02-02", prompt)]
    if late:
        together = reading_days("2026-02-13", late, received="2026-02-18T19:00:00-07:00")
        runs.append(together)
    claim = {"code": "99454", "on": "2026-02-20", "practitioner": "P2"}
    found = determination(
        reading_days=runs, other_claims=[claim] if row["another bills"] == "yes" else []
    )
    assert reasons(found, "99454") == set(row["99454 short of"].split())
    assert ("99445" in codes(found)) == (row["99445"] == "x1")


def episodes(*spans: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [
        {"program": "RPM", "start": start, "end": end, "set_up_on": start, "educated_on": start}
        for start, end in spans
    ]


def test_where_two_episodes_share_a_period_set_up_is_earned_once() -> None:
    found = determination(
        settings={"period_start": "calendar_month"},
        episodes=episodes(("2026-02-01", "2026-02-08"), ("2026-02-12", None)),
        reading_days=[reading_days("2026-02-03", 5), reading_days("2026-02-12", 5)],
    )
    assert lines(found) == ["99453 x1 needs_review", "99445 x1 needs_review"]
    assert reasons(found, "99453") == set()


def test_where_two_episodes_share_a_period_each_reason_is_given_once() -> None:
    found = determination(
        settings={"period_start": "calendar_month"},
        episodes=episodes(("2026-02-01", "2026-02-08"), ("2026-02-12", None)),
        reading_days=[reading_days("2026-02-03", 1)],
    )
    short = [(one["code"], one["from"], one["reason"]) for one in found["shortfalls"]]
    assert len(short) == len(set(short))
    assert reasons(found, "99453") == {"days_below_threshold"}


def test_a_device_that_came_with_the_next_episode_is_no_second_set_up_of_the_first() -> None:
    found = determination(
        settings={"period_start": "calendar_month"},
        episodes=episodes(("2026-01-02", "2026-02-08"), ("2026-02-12", None)),
        devices=[
            {"id": "D1", "assigned_to": "2026-02-08"},
            {"id": "D2", "assigned_from": "2026-02-12"},
        ],
        reading_days=[reading_days("2026-01-05", 5), reading_days("2026-02-12", 5, "D2")],
    )
    assert [line["from"] for line in found["lines"] if line["code"] == "99453"] == [
        "2026-01-01",
        "2026-02-01",
    ]
    assert reasons(found, "99453") == set()


@pytest.mark.parametrize(
    "row",
    table("""
    received             | days | status
    ---------------------+------+-------------
    2026-02-05T18:00:00Z | 1    | billable
    2026-02-06T18:00:00Z | 0    | billable
    2026-03-20T18:00:00Z | 0    | billable
"""),
    ids=lambda row: row["received"],
)
def test_by_receipt_what_comes_in_after_the_episode_counts_no_day_but_was_managed(
    row: dict[str, str],
) -> None:
    """It was measured in the episode, so the month had a usable reading to look at."""
    found = determination(
        settings={"day_rule": "received"},
        episodes=episodes(("2026-01-05", "2026-02-05")),
        readings=[
            {"device": "D1", "measured_at": "2026-02-04T15:00:00Z", "received_at": row["received"]}
        ],
        minutes=[{"program": "RPM", "month": "2026-02", "minutes": 20, "interactive": True}],
    )
    assert lines(found) == [f"99457 x1 {row['status']}"]
    assert ("outside_episode" in warned(found)) == (row["days"] == "0")


def test_by_receipt_a_day_after_the_episode_counts_in_no_kind_of_period() -> None:
    """Measured on 16 days to the episode's end, all received after it: the other count has none."""
    found = determination(
        settings={"period_start": "calendar_month"},
        episodes=episodes(("2026-02-01", "2026-02-16")),
        reading_days=[reading_days("2026-02-01", 16, received="2026-02-20T09:00:00-07:00")],
    )
    [line] = [line for line in found["lines"] if line["code"] == "99454"]
    assert (line["evidence"]["days_measured"], line["evidence"]["days_received"]) == (16, 0)
    assert set(line["reasons"]) == {"episode_ended_in_period", "measured_and_received_differ"}


def test_before_set_up_had_a_code_its_first_threshold_is_the_one_to_name() -> None:
    found = determination(
        "2019-06-01T00:00:00Z",
        episodes=episodes(("2018-11-05", None)),
        reading_days=[reading_days("2018-11-05", 3)],
    )
    [short] = [
        one
        for one in found["shortfalls"]
        if (one["code"], one["reason"]) == ("99453", "days_below_threshold")
    ]
    assert (short["have"], short["need"]) == (3, 16)
