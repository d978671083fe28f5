"""Add-ons and caps, through the codes that have them."""

import pytest

from tests.spec.cases import codes, determination, lines, reasons, reviews, warned
from tests.spec.table import table


@pytest.mark.parametrize(
    "row",
    table("""
    minutes | cap | lines                                | warning
    --------+-----+--------------------------------------+------------
    79      |     | 99490 x1 billable, 99439 x2 billable |
    80      |     | 99490 x1 billable, 99439 x2 billable | cap_reached
    80      | 3   | 99490 x1 billable, 99439 x3 billable |
    80      | 1   | 99490 x1 billable, 99439 x1 billable | cap_reached
    80      | 0   | 99490 x1 billable                    | cap_reached
"""),
    ids=lambda row: f"{row['minutes']} cap {row['cap']}",
)
def test_a_cap_is_the_practices_setting(row: dict[str, str]) -> None:
    found = determination(
        settings={"caps": {"99439": int(row["cap"])} if row["cap"] else {}},
        minutes=[{"program": "CCM", "month": "2026-01", "minutes": int(row["minutes"])}],
    )
    assert lines(found) == row["lines"].split(", ")
    assert ("cap_reached" in warned(found)) == bool(row["warning"])
    if row["cap"] == "0":
        assert reasons(found, "99439") == {"cap_reached"}


def test_an_add_on_is_in_question_only_with_its_base() -> None:
    assert reasons(_ccm(20), "99439") == {"minutes_below_threshold"}
    assert reasons(_ccm(19), "99439") == set()


def test_an_add_on_before_its_time_was_not_in_force() -> None:
    found = _ccm(45, "2018-05")
    assert codes(found) == ["99490"]
    assert reasons(found, "99439") == {"not_in_force"}
    assert codes(_ccm(45, "2020-05")) == ["99490", "G2058"]


def test_beyond_the_last_rule_set_a_person_must_look() -> None:
    found = _ccm(45, "2027-01")
    assert lines(found) == ["99490 x1 needs_review", "99439 x1 needs_review"]
    assert reviews(found, "99439") == {"rule_unknown"}


def _ccm(minutes: int, month: str = "2026-01") -> dict[str, object]:
    return determination(
        "2027-06-01T00:00:00Z",
        minutes=[{"program": "CCM", "month": month, "minutes": minutes}],
    )
