from typing import Any

import pytest

from tests.spec.cases import codes, determination, lines, reading_days, reasons, reviews

START = "2026-02-02"


def episode(**keys: Any) -> dict[str, Any]:
    return {"program": "RPM", "start": START, "set_up_on": START, "educated_on": START} | keys


def found(*days: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return determination(
        **({"episodes": [episode()], "reading_days": list(days), "devices": [{"id": "D1"}]} | keys)
    )


def test_once_with_the_first_period_that_has_enough_days() -> None:
    result = found(reading_days(START, 1), reading_days("2026-03-04", 2))
    [line] = [line for line in result["lines"] if line["code"] == "99453"]
    assert (line["from"], line["status"]) == ("2026-03-04", "billable")
    assert "days_below_threshold" in reasons(result, "99453")


@pytest.mark.parametrize(
    ("key", "day", "earned"),
    [
        ("set_up_on", None, False),
        ("educated_on", None, False),
        ("educated_on", "2026-03-03", True),
        ("educated_on", "2026-03-04", False),
    ],
)
def test_set_up_and_teaching_are_recorded_in_time(
    key: str,
    day: str | None,
    earned: bool,
) -> None:
    result = found(reading_days(START, 5), episodes=[episode(**{key: day})])
    assert ("99453" in codes(result)) == earned
    assert reasons(result, "99453") == (set() if earned else {"set_up_undocumented"})


def test_a_claim_before_settles_it() -> None:
    claim = {"code": "99453", "on": "2026-02-10"}
    result = found(reading_days(START, 5), other_claims=[claim])
    assert "99453" not in codes(result)
    assert reasons(result, "99453") == {"episode_already_set_up"}


def test_a_claim_before_the_episode_does_not() -> None:
    claim = {"code": "99453", "on": "2025-02-10"}
    assert "99453" in codes(found(reading_days(START, 5), other_claims=[claim]))


def test_a_device_added_later_is_no_new_set_up() -> None:
    later = {"id": "D2", "assigned_from": "2026-03-10"}
    days = (reading_days(START, 5), reading_days("2026-03-10", 5))
    assert reasons(found(*days, devices=[{"id": "D1"}, later]), "99453") == {
        "episode_already_set_up"
    }
    assert reasons(found(*days), "99453") == set()


def test_a_new_episode_may_be_set_up_again() -> None:
    result = found(
        reading_days(START, 5),
        reading_days("2026-04-10", 5),
        episodes=[
            episode(end="2026-02-20"),
            episode(start="2026-04-10", set_up_on="2026-04-10", educated_on="2026-04-10"),
        ],
    )
    assert codes(result).count("99453") == 2


def test_the_rules_of_the_first_day_may_differ() -> None:
    result = determination(
        episodes=[episode(start="2025-12-20", set_up_on="2025-12-20", educated_on="2025-12-20")],
        reading_days=[reading_days("2025-12-20", 5)],
    )
    assert lines(result) == ["99453 x1 needs_review", "99445 x1 needs_review"]
    assert reviews(result, "99453") == {"rule_set_changes_in_period"}


def test_before_2019_there_was_no_such_code() -> None:
    result = determination(
        episodes=[episode(start="2018-03-01", set_up_on="2018-03-01", educated_on="2018-03-01")],
        reading_days=[reading_days("2018-03-01", 20)],
    )
    assert codes(result) == []
    assert reasons(result, "99453") == reasons(result, "99454") == {"not_in_force"}
