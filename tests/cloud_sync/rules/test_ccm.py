from typing import Any

import pytest

from tests.spec.cases import codes, determination, lines, reasons, warned

MONTH = {"month": "2026-01"}


def minutes(count: int, staff: str = "S1") -> dict[str, Any]:
    return MONTH | {"program": "CCM", "minutes": count, "staff": staff}


def choice(lane: str) -> list[dict[str, str]]:
    return [MONTH | {"lane": lane}]


MODERATE = [MONTH | {"level": "moderate"}]


@pytest.mark.parametrize(
    ("lane", "expected"),
    [
        ("staff", ["99490", "99439"]),
        ("practitioner", ["99491"]),
        ("complex", ["99490", "99439"]),
    ],
)
def test_a_person_chooses_between_open_lanes(lane: str, expected: list[str]) -> None:
    found = determination(minutes=[minutes(25), minutes(30, "P1")], lane_choices=choice(lane))
    assert codes(found) == expected


def test_a_chosen_lane_that_is_not_open_says_why() -> None:
    found = determination(minutes=[minutes(25, "P1")], lane_choices=choice("practitioner"))
    assert codes(found) == ["99490"]
    assert reasons(found, "99491") == {"minutes_below_threshold"}


def test_three_open_lanes_are_all_named() -> None:
    found = determination(minutes=[minutes(40), minutes(30, "P1")], decision_making=MODERATE)
    assert codes(found) == []
    for code in ("99490", "99491", "99487"):
        assert reasons(found, code) == {"lane_choice_needed"}


def test_an_open_lane_that_was_not_taken_is_not_in_question() -> None:
    found = determination(
        minutes=[minutes(40), minutes(30, "P1")],
        decision_making=MODERATE,
        lane_choices=choice("practitioner"),
    )
    assert codes(found) == ["99491"]
    assert reasons(found, "99487") == reasons(found, "99490") == set()


def test_complex_is_in_question_where_it_is_near() -> None:
    assert reasons(determination(minutes=[minutes(60)]), "99487") == {"decision_making_missing"}
    near = determination(minutes=[minutes(25)], decision_making=MODERATE)
    assert reasons(near, "99487") == {"minutes_below_threshold"}
    assert reasons(determination(minutes=[minutes(25)]), "99487") == set()
    declined = determination(minutes=[minutes(60)], lane_choices=choice("staff"))
    assert reasons(declined, "99487") == set()


def test_another_practitioners_decisions_do_not_do() -> None:
    other = [MONTH | {"level": "high", "practitioner": "P2"}]
    found = determination(minutes=[minutes(60)], decision_making=other)
    assert codes(found) == ["99490", "99439"]


def test_another_practitioners_minutes_are_staff_minutes() -> None:
    found = determination(staff=[{"id": "P2", "role": "practitioner"}], minutes=[minutes(30, "P2")])
    assert codes(found) == ["99490"]


@pytest.mark.parametrize(
    ("plans", "expected"),
    [
        ([], {"care_plan_missing"}),
        ([{"on": "2026-02-01"}], {"care_plan_missing"}),
        ([{"on": "2026-01-31", "shared_with_patient": False}], {"care_plan_missing"}),
        ([{"on": "2026-01-31"}], set()),
    ],
)
def test_a_care_plan_is_shared_by_the_months_end(
    plans: list[dict[str, Any]], expected: set[str]
) -> None:
    found = determination(minutes=[minutes(20)], care_plans=plans)
    assert reasons(found, "99490") == expected


@pytest.mark.parametrize(
    ("condition", "enough"),
    [
        ({"expected_months": 12, "risk": True}, True),
        ({"expected_months": 11, "risk": True}, False),
        ({"expected_months": 12, "risk": False}, False),
    ],
)
def test_a_condition_must_last_and_bear_risk(condition: dict[str, Any], enough: bool) -> None:
    both = [{"icd10": "I10", "expected_months": 12, "risk": True}, {"icd10": "E11.9"} | condition]
    found = determination(patient={"conditions": both}, minutes=[minutes(20)])
    assert reasons(found, "99490") == (set() if enough else {"conditions_below_two"})


@pytest.mark.parametrize(
    ("plans", "warns"),
    [
        ([{"on": "2025-01-05"}], True),
        ([{"on": "2025-01-05"}, {"on": "2026-01-05"}], True),
        ([{"on": "2025-01-05"}, {"on": "2026-01-05", "substantially_revised": True}], False),
        ([{"on": "2026-01-05"}], False),
    ],
)
def test_complex_care_asks_for_the_plan_softly(plans: list[dict[str, Any]], warns: bool) -> None:
    found = determination(minutes=[minutes(60)], decision_making=MODERATE, care_plans=plans)
    assert lines(found)[0] == "99487 x1 billable"
    assert ("care_plan_not_revised" in warned(found)) == warns


def test_a_blocked_lane_puts_the_staff_code_in_question() -> None:
    found = determination(minutes=[minutes(30, "P1")], care_plans=[])
    assert reasons(found, "99491") == reasons(found, "99490") == {"care_plan_missing"}
