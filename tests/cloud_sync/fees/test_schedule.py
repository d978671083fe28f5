"""Fee schedules: read or refused with a line number, and never near what decides a code."""

import json
import re
import subprocess
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.fees import schedule
from cloud_sync.fees.schedule import Problem, Schedule
from cloud_sync.rules import determine
from tests.spec.table import table

ROOT = Path(__file__).parents[3]
EXAMPLES = json.loads((ROOT / "tests/golden/billing-examples.json").read_text())
HEAD = "code,from,to,amount,locality,source\n"


def good(text: str) -> Schedule:
    found = schedule.read(text)
    assert isinstance(found, Schedule), found
    return found


NATIONAL = good(schedule.national())


@pytest.mark.parametrize(
    "row",
    table("""
    code  | day        | amount
    ------+------------+--------
    99453 | 2025-12-31 | 19.73
    99453 | 2026-01-01 | 21.71
    99445 | 2025-06-30 |
    99445 | 2026-06-30 | 52.11?
    99454 | 2026-06-30 | 52.11?
    99489 | 2025-06-30 | 70.52?
    99489 | 2026-06-30 | 78.16
    99490 | 2026-12-31 | 66.13
    99490 | 2027-01-01 |
    99091 | 2026-06-30 |
"""),
    ids=lambda row: f"{row['code']} {row['day']}",
)
def test_the_national_amounts_have_their_days_and_their_question_marks(row: dict[str, str]) -> None:
    one = NATIONAL.on(row["code"], date.fromisoformat(row["day"]))
    written = "" if one is None else f"{one.amount}" + ("?" if one.disputed else "")
    assert written == row["amount"]
    assert one is None or one.locality == "national, for orientation"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "must name"),
        ("# nothing but a remark\n", 1, "must name"),
        ("code,amount\n", 1, "must name"),
        ("code,from,to,amount,amount\n", 1, "each once"),
        ("code,from,to,amount,price\n", 1, "must name"),
        (HEAD + "99457,,,51.77,x\n", 2, "5 cells"),
        (HEAD + "9945,,,51.77,x,y\n", 2, "five characters"),
        (HEAD + "99457,,,$51.77,x,y\n", 2, "dollars and cents"),
        (HEAD + "99457,,,-1.00,x,y\n", 2, "dollars and cents"),
        (HEAD + "99457,,,,x,y\n", 2, "dollars and cents"),
        (HEAD + "99457,1/1/2026,,51.77,x,y\n", 2, "2026-01-31"),
        (HEAD + "99457,2026-02-01,2026-01-01,51.77,x,y\n", 2, "before the first"),
        (HEAD + "#\n99457,,2026-05-31,1.00,a,\n99457,2026-05-31,,2.00,b,\n", 4, "on line 3"),
    ],
)
def test_what_is_no_schedule_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    found = schedule.read(text)
    assert isinstance(found, Problem)
    assert found.line == line
    assert words in str(found)


def test_a_spreadsheets_own_habits_are_no_problem() -> None:
    text = "\ufeffAmount,Code,From,To\r\n 51.5 ,99457,,\r\n\r\n# remark\r\n60,99490,2026-01-01,\r\n"
    found = good(text)
    assert [(one.code, one.amount) for one in found.amounts] == [
        ("99457", Decimal("51.5")),
        ("99490", Decimal(60)),
    ]
    assert found.on("99457", date(1999, 1, 1))
    assert found.on("99490", date(2025, 12, 31)) is None


def test_a_line_takes_the_amount_of_its_last_day() -> None:
    found: dict[str, Any] = determine(next(case for case in EXAMPLES if case["id"] == "B22"))
    [line] = found["lines"]
    assert (line["from"], line["to"]) == ("2025-12-20", "2026-01-18")
    [row] = schedule.priced(NATIONAL, found["lines"])
    assert (row.code, row.units, row.last) == ("99445", 1, "2026-01-18")
    assert row.total == Decimal("52.11")
    [none] = schedule.priced(good(HEAD), found["lines"])
    assert (none.amount, none.total) == (None, None)


def test_units_are_multiplied_exactly() -> None:
    found: dict[str, Any] = determine(next(case for case in EXAMPLES if case["id"] == "C13"))
    totals = {row.code: row.total for row in schedule.priced(NATIONAL, found["lines"])}
    assert totals["99458"] == Decimal("124.26")


@pytest.mark.parametrize("case", EXAMPLES, ids=[case["id"] for case in EXAMPLES])
def test_no_determination_has_an_amount(case: dict[str, Any]) -> None:
    """No dollar sign, no word for money, no number that is not whole: counts are whole."""
    found = determine(case)
    text = json.dumps(found)
    assert not re.search(r"\$|USD|amount|dollar|fee|price", text, re.IGNORECASE)
    assert not re.search(r"\d\.\d", text)


def test_no_amount_stands_in_the_program() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "cloud_sync/*.py", "cloud_sync/*.toml", "cloud_sync/*.html"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = listed.stdout.split()
    assert "cloud_sync/rules/tables/rpm-2026.toml" in names
    for name in names:
        text = (ROOT / name).read_text()
        shown = [one for one in NATIONAL.amounts if f"{one.amount}" in text]
        allowed = name.startswith("cloud_sync/commands/") or name == "cloud_sync/fees/schedule.py"
        assert not shown or allowed, (name, shown)  # an example of how to write an amount
