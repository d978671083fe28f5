"""Which seconds count, as tables. All times are those of 14 January 2026 in Denver."""

from fractions import Fraction
from typing import Any

import pytest

from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.minutes import full_minutes, time_ledger
from tests.spec.cases import (
    SOUND,
    case,
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


def entries(text: str) -> list[dict[str, Any]]:
    return [
        entry(at(row["start"]), at(row["end"]), row["program"])
        | ({"staff": row["staff"]} if row.get("staff") else {})
        | ({"patients": int(row["patients"])} if row.get("patients") else {})
        | ({"other_patient": True} if row.get("other") else {})
        for row in table(text)
    ]


def counted(text: str, **keys: Any) -> dict[str, Fraction]:
    ledger = time_ledger(case(time=entries(text), staff=STAFF, **keys))
    return {
        "RPM": ledger.seconds("RPM", JANUARY) / 60,
        "CCM": ledger.seconds("CCM", JANUARY) / 60,
    }


def test_two_workers_at_once_count_once() -> None:
    assert counted("""
        program | start | end   | staff
        --------+-------+-------+------
        RPM     | 10:00 | 10:10 | S1
        RPM     | 10:05 | 10:20 | S2
        RPM     | 10:20 | 10:25 | P1
    """) == {"RPM": 25, "CCM": 0}


def test_two_programs_at_once_count_for_neither() -> None:
    assert counted("""
        program | start | end   | staff
        --------+-------+-------+------
        RPM     | 10:00 | 10:10 | S1
        CCM     | 10:05 | 10:20 | S2
        other   | 10:18 | 10:19 | P1
    """) == {"RPM": 5, "CCM": 9}


def test_an_entry_that_is_left_out_still_spoils_what_it_overlaps() -> None:
    assert counted("""
        program | start | end   | staff
        --------+-------+-------+------
        RPM     | 10:00 | 10:10 | S1
        CCM     | 10:05 | 10:20 | N1
    """) == {"RPM": 5, "CCM": 0}


def test_one_worker_cannot_serve_two_patients_at_once() -> None:
    assert counted("""
        program | start | end   | staff | other
        --------+-------+-------+-------+------
        RPM     | 10:00 | 10:10 | S1    |
        RPM     | 10:04 | 10:12 | S1    | yes
        RPM     | 10:06 | 10:10 | S2    |
    """) == {"RPM": 8, "CCM": 0}


def test_another_workers_other_patient_is_nobodys_business() -> None:
    assert counted("""
        program | start | end   | staff | other
        --------+-------+-------+-------+------
        RPM     | 10:00 | 10:10 | S1    |
        CCM     | 10:00 | 10:10 | S2    | yes
    """) == {"RPM": 10, "CCM": 0}


def test_time_spent_for_several_patients_is_shared() -> None:
    assert counted("""
        program | start | end   | staff | patients
        --------+-------+-------+-------+---------
        CCM     | 10:00 | 10:10 | S1    | 3
        CCM     | 11:00 | 11:10 | S1    | 7
        CCM     | 11:05 | 11:15 | S2    | 2
    """) == {"RPM": 0, "CCM": Fraction(10, 3) + Fraction(5, 7) + 5}


def test_thirds_are_summed_exactly_and_cut_once() -> None:
    three_times = [
        entry(at(f"{hour}:00"), at(f"{hour}:20"), "CCM", patients=3) for hour in (10, 11, 12)
    ]
    assert lines(determination(time=three_times)) == ["99490 x1 billable"]


def test_who_counts() -> None:
    assert counted("""
        program | start | end   | staff
        --------+-------+-------+--------
        CCM     | 10:00 | 10:01 | S1
        CCM     | 10:10 | 10:12 | P1
        CCM     | 10:20 | 10:24 | P2
        CCM     | 10:30 | 10:38 | N1
        CCM     | 10:40 | 10:56 | unknown
    """) == {"RPM": 0, "CCM": 7}


def test_seconds_are_cut_at_the_end_not_entry_by_entry() -> None:
    parts = """
        program | start    | end
        --------+----------+---------
        RPM     | 10:00:00 | 10:09:40
        RPM     | 11:00:00 | 11:09:40
        RPM     | 12:00:00 | 12:00:{last}
    """
    assert counted(parts.format(last="39"))["RPM"] < 20 < counted(parts.format(last="41"))["RPM"]
    assert counted(parts.format(last="40"))["RPM"] == 20
    assert full_minutes(Fraction(1199)) == 19
    assert full_minutes(Fraction(1200)) == 20


@pytest.mark.parametrize(
    "row",
    table("""
    start                     | end                       | january | february
    --------------------------+---------------------------+---------+---------
    2026-01-31T23:50:00-07:00 | 2026-02-01T00:10:00-07:00 | 10      | 10
    2026-02-01T06:50:00+00:00 | 2026-02-01T07:10:00+00:00 | 10      | 10
    2026-01-31T23:40:00-07:00 | 2026-02-01T00:00:00-07:00 | 20      | 0
    2026-02-01T00:00:00-07:00 | 2026-02-01T00:20:00-07:00 | 0       | 20
"""),
    ids=lambda row: row["start"],
)
def test_an_entry_is_split_at_the_local_midnight(row: dict[str, str]) -> None:
    ledger = time_ledger(case(time=[entry(row["start"], row["end"])]))
    assert ledger.seconds("RPM", JANUARY) == 60 * int(row["january"])
    assert ledger.seconds("RPM", month_named("2026-02")) == 60 * int(row["february"])


@pytest.mark.parametrize(
    "row",
    table("""
    start                     | end                       | minutes
    --------------------------+---------------------------+--------
    2026-03-08T01:50:00-07:00 | 2026-03-08T03:10:00-06:00 | 20
    2026-11-01T01:50:00-06:00 | 2026-11-01T01:10:00-07:00 | 20
"""),
    ids=lambda row: row["start"],
)
def test_a_clock_change_neither_adds_nor_takes_time(row: dict[str, str]) -> None:
    ledger = time_ledger(case("2026-12-01T00:00:00Z", time=[entry(row["start"], row["end"])]))
    assert ledger.seconds("RPM", month_named(row["start"][:7])) == 60 * int(row["minutes"])


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


def test_an_entry_made_after_the_question_is_not_known() -> None:
    one = entry(at("10:00"), at("10:30"), "CCM", entered_at="2026-06-01T12:00:01Z")
    found = determination("2026-06-01T12:00:00Z", time=[one])
    assert found["lines"] == found["shortfalls"] == found["warnings"] == []


@pytest.mark.parametrize(
    "row",
    table("""
    day        | counts
    -----------+-------
    2026-01-13 | yes
    2026-01-14 | no
    2026-01-16 | no
    2026-01-17 | yes
"""),
    ids=lambda row: row["day"],
)
def test_a_stay_takes_its_days_from_ccm_and_only_warns_rpm(row: dict[str, str]) -> None:
    start, end = f"{row['day']}T10:00:00-07:00", f"{row['day']}T10:25:00-07:00"
    stays = [{"kind": "snf", "from": "2026-01-14", "to": "2026-01-16"}]
    ccm = determination(stays=stays, time=[entry(start, end, "CCM")])
    assert codes(ccm) == (["99490"] if row["counts"] == "yes" else [])
    assert ("institutional_stay" in reasons(ccm, "99490")) == (row["counts"] == "no")
    rpm = determination(
        stays=stays,
        reading_days=[reading_days("2026-01-05", 1)],
        time=[entry(start, end, interactive=True)],
    )
    assert lines(rpm) == ["99457 x1 billable"]
    assert ("institutional_stay" in warned(rpm)) == (row["counts"] == "no")


def test_the_sound_note_of_these_tables_is_sound() -> None:
    assert warned(determination(time=[entry(at("10:00"), at("10:30"), "CCM", note=SOUND)])) == set()
