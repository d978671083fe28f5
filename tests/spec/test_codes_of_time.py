"""What minutes earn, with which contact, and what needs a person: as tables."""

import pytest

from cloud_sync.rules.calendar import month_named
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

JANUARY = month_named("2026-01")
STAFF = [
    {"id": "S2", "role": "clinical_staff"},
    {"id": "P2", "role": "practitioner"},
    {"id": "N1", "role": "non_clinical"},
]


def at(clock: str) -> str:
    return f"2026-01-14T{clock}:00-07:00" if len(clock) == 5 else f"2026-01-14T{clock}-07:00"


@pytest.mark.parametrize(
    "row",
    table("""
    minutes | month   | lines                                | short of
    --------+---------+--------------------------------------+------------
    9       | 2025-12 |                                      | 99457 99470
    10      | 2025-12 |                                      | 99457 99470
    20      | 2025-12 | 99457 x1 billable                    | 99458
    9       | 2026-01 |                                      | 99457 99470
    10      | 2026-01 | 99470 x1 billable                    | 99457
    19      | 2026-01 | 99470 x1 billable                    | 99457
    20      | 2026-01 | 99457 x1 billable                    | 99458
    39      | 2026-01 | 99457 x1 billable                    | 99458
    40      | 2026-01 | 99457 x1 billable, 99458 x1 billable |
    79      | 2026-01 | 99457 x1 billable, 99458 x2 billable |
    200     | 2026-01 | 99457 x1 billable, 99458 x3 billable |
    45      | 2019-05 | 99457 x1 billable                    | 99458
    45      | 2018-05 |                                      | 99457 99470
"""),
    ids=lambda row: f"{row['minutes']} in {row['month']}",
)
def test_rpm_minutes_and_what_they_earn(row: dict[str, str]) -> None:
    month = {"program": "RPM", "month": row["month"], "interactive": True}
    found = determination(
        minutes=[month | {"minutes": int(row["minutes"])}],
        readings=[{"device": "D1", "measured_at": f"{row['month']}-10T12:00:00Z"}],
    )
    time_lines = [line for line in lines(found) if not line.startswith("9944")]
    assert time_lines == [part for part in row["lines"].split(", ") if part]
    short = {one["code"] for one in found["shortfalls"]} - {"99445", "99454"}
    assert short == set(row["short of"].split())


@pytest.mark.parametrize(
    "row",
    table("""
    minutes | by | lane     | deciding | lines
    --------+----+----------+----------+--------------------------------------
    19      | S1 |          |          |
    20      | S1 |          |          | 99490 x1 billable
    39      | S1 |          |          | 99490 x1 billable
    59      | S1 |          |          | 99490 x1 billable, 99439 x1 billable
    60      | S1 |          |          | 99490 x1 billable, 99439 x2 billable
    60      | S1 |          | low      | 99490 x1 billable, 99439 x2 billable
    60      | S1 |          | moderate | 99487 x1 billable
    60      | S1 | staff    | moderate | 99490 x1 billable, 99439 x2 billable
    89      | S1 |          | high     | 99487 x1 billable
    120     | S1 |          | high     | 99487 x1 billable, 99489 x2 billable
    29      | P1 |          |          | 99490 x1 billable
    30      | P1 |          |          | 99491 x1 billable
    59      | P1 |          |          | 99491 x1 billable
    90      | P1 |          |          | 99491 x1 billable, 99437 x2 billable
    90      | P1 |          | high     |
    90      | P1 | complex  | high     | 99487 x1 billable, 99489 x1 billable
"""),
    ids=lambda row: " ".join(row.values()),
)
def test_ccm_minutes_and_what_they_earn(row: dict[str, str]) -> None:
    month = {"month": "2026-01"}
    found = determination(
        minutes=[month | {"program": "CCM", "minutes": int(row["minutes"]), "staff": row["by"]}],
        lane_choices=[month | {"lane": row["lane"]}] if row["lane"] else [],
        decision_making=[month | {"level": row["deciding"]}] if row["deciding"] else [],
    )
    assert lines(found) == [part for part in row["lines"].split(", ") if part]


@pytest.mark.parametrize(
    "row",
    table("""
    mode      | interactive | live
    ----------+-------------+-----
    phone     | yes         | yes
    video     | yes         | yes
    in_person | yes         | yes
    phone     | no          | no
    text      | yes         | no
    portal    | yes         | no
    voicemail | yes         | no
"""),
    ids=lambda row: f"{row['mode']} {row['interactive']}",
)
def test_what_is_a_live_contact(row: dict[str, str]) -> None:
    call = entry(
        at("10:00"), at("10:25"), mode=row["mode"], interactive=row["interactive"] == "yes"
    )
    found = determination(reading_days=[reading_days("2026-01-05", 1)], time=[call])
    assert codes(found) == (["99457"] if row["live"] == "yes" else [])
    if row["live"] == "no":
        assert "no_interactive_contact" in reasons(found, "99457")
        assert "no_interactive_contact" in reasons(found, "99470")


@pytest.mark.parametrize(
    "spoils", [{"staff": "N1"}, {"note": "Patient call - 5 minutes"}], ids=["clerk", "vague"]
)
def test_a_contact_must_be_time_that_counts(spoils: dict[str, str]) -> None:
    call = entry(at("09:00"), at("09:05"), interactive=True, mode="phone") | spoils
    found = determination(
        staff=STAFF,
        reading_days=[reading_days("2026-01-05", 1)],
        time=[call, entry(at("10:00"), at("10:25"))],
    )
    assert codes(found) == []
    assert "no_interactive_contact" in reasons(found, "99457")


def test_a_payer_may_ask_for_no_contact() -> None:
    found = determination(
        settings={"rpm_contact_required": False},
        patient={"payer": "another"},
        reading_days=[reading_days("2026-01-05", 1)],
        time=[entry(at("10:00"), at("10:25"))],
    )
    assert lines(found) == ["99457 x1 billable"]
    assert "payer_check" in warned(found)


@pytest.mark.parametrize(
    "row",
    table("""
    entered                   | late minutes | in time | review     | lines
    --------------------------+--------------+---------+------------+-----------------------
    2026-01-16T10:10:00-07:00 | 10           | 15      |            | 99457 x1 billable
    2026-01-16T10:10:01-07:00 | 10           | 15      | late_entry | 99457 x1 needs_review
    2026-01-16T10:10:01-07:00 | 10           | 20      |            | 99457 x1 billable
"""),
    ids=lambda row: row["entered"] + row["in time"],
)
def test_a_late_entry_matters_where_it_is_needed(row: dict[str, str]) -> None:
    found = determination(
        reading_days=[reading_days("2026-01-05", 1)],
        time=[entry(at("10:00"), at("10:10"), entered_at=row["entered"])],
        minutes=[
            {
                "program": "RPM",
                "month": "2026-01",
                "minutes": int(row["in time"]),
                "interactive": True,
            }
        ],
    )
    assert lines(found) == [row["lines"]]
    assert ("late_entry" in warned(found)) == (row["entered"] > "2026-01-16T10:10:00-07:00")
    assert reviews(found, "99457") == ({row["review"]} if row["review"] else set())


def test_a_late_entry_that_holds_the_only_contact_is_needed() -> None:
    found = determination(
        reading_days=[reading_days("2026-01-05", 1)],
        time=[
            entry(
                at("10:00"),
                at("10:02"),
                interactive=True,
                mode="phone",
                entered_at="2026-01-30T10:00:00-07:00",
            ),
            entry(at("11:00"), at("11:30")),
        ],
    )
    assert lines(found) == ["99457 x1 needs_review"]
