from typing import Any

import pytest

from cloud_sync.rules.readings import judged
from cloud_sync.rules.tables import BUNDLED
from tests.spec.cases import case

AT = {"device": "D1", "measured_at": "2026-02-05T12:00:00Z"}


@pytest.mark.parametrize(
    ("reading", "device", "reasons"),
    [
        ({}, {}, set()),
        ({"source": "manual"}, {}, {"manual_readings"}),
        ({}, {"automatic": False}, {"manual_readings"}),
        ({"result": "failed"}, {}, {"not_a_measurement"}),
        ({"result": "control"}, {}, {"not_a_measurement"}),
        ({}, {"assigned_to": "2026-02-04"}, {"unassigned_device"}),
        ({}, {"assigned_from": "2026-02-06"}, {"unassigned_device"}),
        ({}, {"test": True}, {"test_device"}),
        ({}, {"fda_defined": False}, {"device_not_fda_defined"}),
        ({"device": "D9"}, {}, {"unassigned_device"}),
        ({"received_at": "2026-02-05T11:54:59Z"}, {}, {"implausible_clock"}),
        (
            {"source": "manual", "result": "failed"},
            {"test": True, "fda_defined": False},
            {"manual_readings", "not_a_measurement", "test_device", "device_not_fda_defined"},
        ),
    ],
)
def test_every_reason_is_named(
    reading: dict[str, Any], device: dict[str, Any], reasons: set[str]
) -> None:
    found = case(devices=[{"id": "D1"} | device], readings=[AT | reading])
    [only] = judged(found, BUNDLED)
    assert only.unusable == reasons
    assert only.sound == (not reasons)


@pytest.mark.parametrize(
    ("start", "end", "outside"),
    [
        ("2026-02-05", None, False),
        ("2026-02-06", None, True),
        ("2026-01-01", "2026-02-05", False),
        ("2026-01-01", "2026-02-04", True),
    ],
)
def test_a_reading_lies_in_an_episode(start: str, end: str | None, outside: bool) -> None:
    episodes = [{"program": "RPM", "start": start, "end": end}]
    [only] = judged(case(episodes=episodes, readings=[AT]), BUNDLED)
    assert ("outside_episode" in only.unusable) == outside


def test_by_receipt_a_reading_that_arrives_after_the_episode_is_usable_but_too_late() -> None:
    found = case(
        settings={"day_rule": "received"},
        episodes=[{"program": "RPM", "start": "2026-01-01", "end": "2026-02-05"}],
        readings=[AT | {"received_at": "2026-02-06T12:00:00Z"}],
    )
    [only] = judged(found, BUNDLED)
    assert (str(only.on), str(only.other_on)) == ("2026-02-06", "2026-02-05")
    assert only.unusable == set()
    assert only.too_late_for_episode() == {"outside_episode"}


def test_what_is_not_on_file_is_kept_apart_from_what_is_unusable() -> None:
    [only] = judged(case(orders=[], readings=[AT]), BUNDLED)
    assert only.unusable == set()
    assert only.missing == {"order_missing"}
    assert not only.sound
