"""Settings hold from their effective time on, and a month keeps those of its end."""

import pytest

from cloud_sync.ledger import practice_settings as settings
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.practice_settings import Change
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules.case import Problem, read
from tests.support.seeded import DAY_MS, NOW_MS, Seeded


def change(name: str, value: object, from_ms: int, at_ms: int = NOW_MS) -> Change:
    return Change(
        name=name,
        value=value,
        effective_from_ms=from_ms,
        reason="The payer's letter",
        recorded_at_ms=at_ms,
        author="0" * 32,
    )


def test_the_newest_effective_row_holds(practice: Seeded) -> None:
    with practice.store.write() as db:
        settings.record(db, change("late_receipt_days", 5, NOW_MS - 9 * DAY_MS))
        settings.record(db, change("late_receipt_days", 7, NOW_MS + DAY_MS))
        settings.record(db, change("caps", {"99458": 2}, NOW_MS - DAY_MS))
        assert settings.in_force(db, NOW_MS) == {"late_receipt_days": 5, "caps": {"99458": 2}}
        assert settings.in_force(db, NOW_MS + DAY_MS)["late_receipt_days"] == 7
        assert settings.in_force(db, NOW_MS - 10 * DAY_MS) == {}
        assert settings.in_force(db, NOW_MS, known_at_ms=NOW_MS - 1) == {}


def test_the_case_file_has_them_and_can_be_read(practice: Seeded) -> None:
    with practice.store.write() as db:
        settings.record(db, change("day_rule", "received", NOW_MS - DAY_MS))
        settings.record(db, change("period_start", "calendar_month", NOW_MS - DAY_MS))
    with practice.store.read() as db:
        now = build_case(db, practice.patient, NOW_MS)
        before = build_case(db, practice.patient, NOW_MS, settings_at_ms=NOW_MS - 2 * DAY_MS)
    assert now["settings"]["day_rule"] == "received"
    assert not isinstance(read(now), Problem)
    assert before["settings"] == {"time_zone": "America/Denver"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("colour", "blue"),
        ("day_rule", "imagined"),
        ("late_receipt_days", -1),
        ("period_start", "whenever"),
        ("caps", {"9945": 1}),
    ],
)
def test_what_the_rules_could_not_read_is_refused(
    name: str, value: object, practice: Seeded
) -> None:
    with practice.store.write() as db, pytest.raises(Refused):
        settings.record(db, change(name, value, NOW_MS))


def test_a_change_needs_a_reason(practice: Seeded) -> None:
    nameless = Change(
        name="day_rule",
        value="received",
        effective_from_ms=NOW_MS,
        reason=" ",
        recorded_at_ms=NOW_MS,
        author="0" * 32,
    )
    with practice.store.write() as db, pytest.raises(Refused, match="why"):
        settings.record(db, nameless)
