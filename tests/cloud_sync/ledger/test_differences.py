"""What changed between two readings of a month (cloud_sync.ledger.month_facts), in sentences."""

from typing import Any

from cloud_sync.ledger.differences import differences

THEN: dict[str, Any] = {
    "as_of_ms": 1,
    "readings": ["a", "b"],
    "time": ["t"],
    "determination": {
        "lines": [{"code": "99454", "from": "F", "to": "T", "units": 1, "status": "billable"}],
        "shortfalls": [],
    },
    "days": [{"dates": ["1"] * 16}],
    "seconds": {"RPM": 1200, "CCM": 5},
    "settings": {},
    "zone": "UTC",
    "billing_practitioner": None,
}


def test_another_instant_is_no_difference() -> None:
    assert list(differences(THEN, THEN | {"as_of_ms": 2})) == []


def test_each_kind_of_change_has_its_sentence() -> None:
    now = THEN | {
        "readings": ["a", "c", "d"],
        "time": [],
        "determination": {"lines": [], "shortfalls": []},
        "days": [],
        "seconds": {"RPM": 1140, "CCM": 6},
        "settings": {"day_rule": "received"},
        "zone": "Asia/Tokyo",
        "billing_practitioner": "x",
    }
    assert list(differences(THEN, now)) == [
        "2 readings arrived",
        "1 reading moved out of this month",
        "1 time entry moved out of this month",
        "99454 (F to T) was 1 x billable, is not earned",
        "device days were 16, are none",
        "RPM minutes were 20, are 19",
        "CCM seconds were 5, are 6",
        "a setting of the practice changed",
        "the patient's time zone changed",
        "the billing practitioner changed",
    ]


def test_another_reason_for_the_same_codes_is_a_difference() -> None:
    short = {"code": "99457", "from": "F", "reason": "consent_missing"}
    now = THEN | {"determination": THEN["determination"] | {"shortfalls": [short]}}
    assert list(differences(THEN, now)) == ["the reasons why codes are not earned changed"]


def test_the_same_number_of_days_on_other_dates_is_a_difference() -> None:
    now = THEN | {"days": [{"dates": ["2"] * 16}]}
    assert list(differences(THEN, now)) == ["device days fall on other dates"]
