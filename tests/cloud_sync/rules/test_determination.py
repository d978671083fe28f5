import json
from typing import Any

import pytest

from cloud_sync.rules import determine
from tests.spec.cases import case_file, codes, determination, entry, reading_days, warned


def test_the_documented_shape() -> None:
    found = determination(
        "2026-02-10T09:00:00-07:00",
        reading_days=[reading_days("2026-01-02", 12)],
        minutes=[
            {"program": "RPM", "month": "2026-01", "minutes": 45, "interactive": True},
            {"program": "CCM", "month": "2026-01", "minutes": 62},
        ],
    )
    assert list(found) == ["case", "rule_sets", "lines", "shortfalls", "warnings"]
    assert found["rule_sets"] == ["rpm-2026", "ccm-2022"]
    assert codes(found) == ["99445", "99457", "99458", "99490", "99439"]
    assert {
        "code": "99454",
        "from": "2026-01-02",
        "to": "2026-01-31",
        "reason": "days_below_threshold",
        "have": 12,
        "need": 16,
    } in found["shortfalls"]
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("document", "name"), [({"id": "x"}, "x"), ({}, None), ({"id": 3}, None), (3, None)]
)
def test_what_is_no_case_is_an_error_in_its_place(document: Any, name: str | None) -> None:
    found = determine(document)
    assert found["case"] == name
    assert set(found) == {"case", "error"}


def test_an_empty_case_has_an_empty_answer() -> None:
    found = determine(case_file(defaults=False, patient={"payer": "medicare"}))
    assert found == {
        "case": "spec",
        "rule_sets": [],
        "lines": [],
        "shortfalls": [],
        "warnings": [],
    }


def test_readings_that_fall_in_no_period_still_warn() -> None:
    found = determination(
        episodes=[{"program": "RPM", "start": "2026-02-10"}],
        reading_days=[reading_days("2026-02-02", 20)],
    )
    assert warned(found) == {"outside_episode"}
    assert found["lines"][0]["from"] == "2026-02-10"


def test_months_come_in_order_with_rpm_before_ccm() -> None:
    found = determination(
        reading_days=[reading_days("2026-01-05", 1), reading_days("2026-02-05", 1)],
        time=[
            entry(
                f"2026-0{month}-1{day}T15:00:00Z",
                f"2026-0{month}-1{day}T15:25:00Z",
                program,
                interactive=True,
            )
            for month in (2, 1)
            for day, program in ((1, "CCM"), (2, "RPM"))
        ],
    )
    assert [(line["code"], line["from"]) for line in found["lines"]] == [
        ("99457", "2026-01-01"),
        ("99490", "2026-01-01"),
        ("99457", "2026-02-01"),
        ("99490", "2026-02-01"),
    ]
