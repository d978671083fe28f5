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
