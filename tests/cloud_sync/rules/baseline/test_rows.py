"""What a practice writes into a list, and what is told where it cannot be read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from cloud_sync.rules.baseline import read

ZONE = ZoneInfo("America/Denver")
HEAD = "date,staff,role,patient,start,end,minutes,program,activity,note,contact,entered,billed"
GOOD = "2026-01-05,N,RN,7,09:00,09:12,,RPM,Reviewed,Looked at it,phone,2026-01-05 10:00,yes"


def one_bad(line: str, heading: str = HEAD) -> str:
    rows, bad = read(f"{heading}\n{GOOD}\n{line}\n{GOOD}\n", ZONE)
    assert len(rows) == 2  # the rest goes on
    (only,) = bad
    assert only.line == 3
    return only.reason


def test_a_line_is_read_whole() -> None:
    (row,), bad = read(f"\ufeff{HEAD}\n{GOOD}\n", ZONE)
    assert bad == ()
    assert (row.line, row.on, row.staff, row.role, row.patient) == (
        2, date(2026, 1, 5), "N", "clinical_staff", "7",
    )  # fmt: skip
    assert row.start == datetime(2026, 1, 5, 16, tzinfo=UTC)
    assert (row.length, row.mode, row.program, row.billed) == (
        timedelta(minutes=12), "phone", "RPM", True,
    )  # fmt: skip
    assert row.entered_at == datetime(2026, 1, 5, 17, tzinfo=UTC)


def test_other_ways_of_writing_the_same() -> None:
    heading = "Date;Staff;Role;Patient key;Minutes;Activity;Note;Contact"
    text = f"{heading}\n1/5/2026;N;Front desk;7;12.5;Call;x;\n\n;;;;;;;\n"
    (row,), bad = read(text, ZONE)
    assert bad == ()
    assert (row.on, row.role, row.start) == (date(2026, 1, 5), "non_clinical", None)
    assert (row.length, row.mode) == (timedelta(seconds=750), "none")
    (afternoon,), _ = read(
        f"{HEAD}\n{GOOD.replace('09:00', '1:05 pm').replace('09:12', '13:10')}", ZONE
    )
    assert afternoon.length == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2026-01-05,N", "5 Jan,N", "write 2026-01-05"),
        ("2026-01-05,N", "2026-02-30,N", "write 2026-01-05"),
        ("2026-01-05,N", "0206-01-05,N", "write 2026-01-05"),
        ("09:12", "08:59", "end must come after the start"),
        ("09:12", "", "both start and end"),
        ("09:12", "25:00", "write 14:05"),
        ("RPM", "PCM", "none of: CCM, RPM, other"),
        ("phone", "smoke signal", "contact"),
        (",7,", ",,", "patient: say who"),
        ("2026-01-05 10:00", "later", "entered"),
        (",yes", "", "12 cells under 13 headings"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_goes_on(old: str, new: str, words: str) -> None:
    assert words in one_bad(GOOD.replace(old, new, 1))


@pytest.mark.parametrize("minutes", ["", "0", "-1", "1441", "nan", "1e9999", "ten"])
def test_minutes_that_are_none(minutes: str) -> None:
    assert "minutes" in one_bad(GOOD.replace("09:00,09:12,", f",,{minutes}"))


def test_a_heading_says_what_it_lacks() -> None:
    assert [bad.reason for bad in read("", ZONE)[1]] == ["the file is empty"]
    assert "contact" in read("date,staff\n", ZONE)[1][0].reason
    assert "minutes (or start and end)" in read("date,staff\n", ZONE)[1][0].reason
    assert "mood" in read(f"{HEAD},mood\n", ZONE)[1][0].reason


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    for whole in (text, f"{HEAD}\n{text}\n{GOOD}"):
        rows, bad = read(whole, ZONE)
        assert len(rows) + len(bad) <= whole.count("\n") + whole.count("\r") + 1
