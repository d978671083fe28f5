"""The engine and the second reading of the rules give the same answer to every random case.

`make test` asks a thousand; `VITALS_CASES=100000 python -m pytest -s tests/spec/
test_second_opinion.py` asks until that many patient-months have been seen, from a number it says,
so that any run can be repeated with `VITALS_FIRST_CASE`.
"""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from cloud_sync.rules import determine
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.tables import BUNDLED, RuleBook, build
from tests.spec.second import answer, dates
from tests.spec.second.facts import read
from tests.spec.second_cases import random_case
from tests.spec.table import table

TABLES = Path(__file__).parents[2] / "cloud_sync/rules/tables"
GOLDEN = Path(__file__).parent.parent / "golden" / "billing-examples.json"
MONTHS_WANTED = int(os.environ.get("VITALS_CASES", "1000"))
FIRST_CASE = int(os.environ.get("VITALS_FIRST_CASE", "1"))
RPM_CODES = {"99453", "99454", "99445", "99457", "99458", "99470", "99091"}
CCM_CODES = {"99490", "99439", "G2058", "99491", "99437", "99487", "99489"}
EXAMPLES: list[dict[str, Any]] = json.loads(GOLDEN.read_text())


def comparable(found: dict[str, Any]) -> dict[str, list[str]]:
    """What both say, a text for each line and shortfall; words for people are not compared."""
    assert "error" not in found, found
    lines = ("code", "units", "from", "to", "program", "status")
    return {
        "lines": sorted(
            " ".join([*(str(one[key]) for key in lines), *sorted(one["reasons"])])
            for one in found["lines"]
        ),
        "shortfalls": sorted(
            f"{one['code']} {one['from']} {one['to']} {one['reason']}"
            + (f" {one['have']} of {one['need']}" if "have" in one else "")
            for one in found["shortfalls"]
        ),
        "warnings": sorted(
            {one if isinstance(one, str) else one["reason"] for one in found["warnings"]}
        ),
    }


def differences(case: dict[str, Any], book: RuleBook = BUNDLED) -> list[str]:
    """Each difference as `+ what the engine alone says` or `- what the second alone says`."""
    return between(determine(case, book), answer(case))


def between(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    ours, theirs = comparable(first), comparable(second)
    return [
        f"{sign} {part}: {text}"
        for part in ours
        for sign, one, other in (("+", ours, theirs), ("-", theirs, ours))
        for text in (Counter(one[part]) - Counter(other[part])).elements()
    ]


def smallest(case: dict[str, Any]) -> dict[str, Any]:
    """The case with every fact taken away without which the two still differ."""
    for key in list(case):
        if key in {"id", "as_of"}:
            continue
        without = {name: value for name, value in case.items() if name != key}
        if differences(without):
            return smallest(without)
        if isinstance(case[key], list):
            for place in range(len(case[key])):
                without = case | {key: case[key][:place] + case[key][place + 1 :]}
                if differences(without):
                    return smallest(without)
        if isinstance(case[key], dict):
            for name in case[key]:
                without = case | {key: {k: v for k, v in case[key].items() if k != name}}
                if differences(without):
                    return smallest(without)
    return case


def patient_months(case: dict[str, Any]) -> int:
    """Months in which the case has a known reading or entry."""
    facts = read(case)
    days = {reading["measured_day"] for reading in facts["readings"]}
    days |= {dates.local_day(entry["start"], facts["zone"]) for entry in facts["entries"]}
    return len({dates.month_of(day) for day in days})


@pytest.mark.parametrize("case", EXAMPLES, ids=[case["id"] for case in EXAMPLES])
def test_the_two_agree_on_every_example(case: dict[str, Any]) -> None:
    assert differences(case) == []


def test_the_two_agree_on_random_patient_months() -> None:
    number, months = FIRST_CASE, 0
    seen: Counter[str] = Counter()
    while months < MONTHS_WANTED:
        case = random_case(number)
        found = answer(case)
        if between(determine(case), found):
            case = smallest(case)
            text = json.dumps(case, indent=1)
            pytest.fail(f"case {number}:\n{text}\n" + "\n".join(differences(case)))
        seen.update(f"{one['code']} {one['status']}" for one in found["lines"])
        seen.update(f"{one['code']} short" for one in found["shortfalls"])
        seen.update(one["reason"] for one in found["shortfalls"])
        seen.update(reason for one in found["lines"] for reason in one["reasons"])
        seen.update(found["warnings"])
        months += patient_months(case)
        number += 1
    print(f"\ncases {FIRST_CASE} to {number - 1}: {months} patient-months agree")
    print("\n".join(f"{count:8} {name}" for name, count in sorted(seen.items())))
    missing = set(get_args(Reason)) - seen.keys()
    assert not missing, "a reason that no random case meets is not compared"
    assert not (RPM_CODES | CCM_CODES) - {
        name.split()[0] for name in seen if not name.endswith("short")
    }


@pytest.mark.parametrize(
    "row",
    table("""
    in the table of   | this                 | is misread as
    ------------------+----------------------+---------------------
    rpm-2026          | days_from = 16       | days_from = 17
    rpm-2026          | days_from = 2        | days_from = 3
    rpm-2026          | period_days = 30     | period_days = 31
    rpm-2026          | minutes_from = 10    | minutes_from = 11
    rpm-2026          | cap = 3              | cap = 2
    rpm-2026          | clock_ahead_minutes = 5 | clock_ahead_minutes = 6
    ccm-2022          | minutes_from = 30    | minutes_from = 31
    ccm-2022          | minutes_from = 60    | minutes_from = 61
    ccm-2022          | condition_months = 12 | condition_months = 13
    ccm-2022          | "moderate", "high"   | "high"
    ccm-2022          | 99424-99427          | 99424-99426
"""),
    ids=lambda row: row["this"],
)
def test_the_random_cases_would_show_a_rule_misread(row: dict[str, str]) -> None:
    texts = {path.stem: path.read_text() for path in TABLES.glob("*.toml")}
    name = row["in the table of"]
    assert row["this"] in texts[name]
    texts[name] = texts[name].replace(row["this"], row["is misread as"], 1)
    book = build(texts.values())
    numbers = range(FIRST_CASE, FIRST_CASE + 3_000)
    assert any(differences(random_case(number), book) for number in numbers)
