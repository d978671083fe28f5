"""What a device was on a date decides whether that date's readings count; later words do not."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cloud_sync.ledger import case_devices, device_details, devices
from cloud_sync.ledger.case_rows import rows_of
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.readings import judged
from cloud_sync.rules.tables import BUNDLED
from tests.cloud_sync.ledger.records import ANN, CUFF, NURSE, assign, ms, observe, people

NOW = ms("2026-04-01T00:00:00+00:00")


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    people(store)


def change(store: Store, since: str, changes: Mapping[str, Any], at_ms: int = NOW) -> None:
    with store.write() as db:
        device_details.record(
            db,
            CUFF,
            changes,
            effective_from=date.fromisoformat(since),
            reason="read off the label",
            author=NURSE,
            at_ms=at_ms,
        )


def reasons(store: Store, at_ms: int = NOW) -> dict[str, set[str]]:
    """By date: why its reading is left out, of the reasons that a device can be."""
    with store.read() as db:
        case = read(build_case(db, ANN, at_ms))
    assert not isinstance(case, Problem)
    mine = {"test_device", "device_not_fda_defined", "manual_readings"}
    return {
        f"{one.on:%m-%d}": {str(reason) for reason in one.unusable} & mine
        for one in judged(case, BUNDLED)
    }


def test_each_date_has_the_flags_of_that_date(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00", "2026-03-20T15:00:00+00:00")
    for day in ("01-10", "02-10", "03-10"):
        observe(store, f"2026-{day}T13:00:00+00:00")
    change(store, "2026-02-01", {"test": True, "udi": "(01)00850006000012"})
    change(store, "2026-03-01", {"test": False, "fda_defined": False})
    assert reasons(store) == {
        "01-10": set(),
        "02-10": {"test_device"},
        "03-10": {"device_not_fda_defined"},
    }
    with store.read() as db:
        known = rows_of(db, [ANN], NOW)
    rows = known.patients[ANN].devices
    entries = case_devices.of_rows(rows, known.device_details, "America/New_York")
    assert {one["assigned_from"] for one in entries} == {"2026-01-05"}  # no device was added
    assert [one["assigned_to"] for one in entries] == ["2026-03-20", "2026-02-28", "2026-01-31"]


def test_a_change_recorded_later_is_not_known_before(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-10T13:00:00+00:00")
    with store.read() as db:
        before = build_case(db, ANN, NOW)
    change(store, "2026-01-01", {"test": True}, at_ms=NOW + 1)
    with store.read() as db:
        assert build_case(db, ANN, NOW) == before
    assert reasons(store, NOW + 1) == {"01-10": {"test_device"}}


def test_the_newer_word_on_a_date_holds_and_the_rest_stays(store: Store) -> None:
    change(store, "2026-02-01", {"label": " Loan cuff 3 ", "serial": "A1", "test": True})
    change(store, "2026-02-01", {"test": False}, at_ms=NOW + 1)
    with store.read() as db:
        (found,) = device_details.history(db, [CUFF])[CUFF]
        assert (found.label, found.serial, found.test) == ("Loan cuff 3", "A1", False)
        assert [one.label for one in devices.everything(db)] == ["Loan cuff 3"]
        assert device_details.on(db, CUFF, date(2026, 1, 31)) is None


@pytest.mark.parametrize(
    ("changes", "words"), [({"label": " "}, "name"), ({"udi": "x" * 201}, "at most")]
)
def test_what_cannot_be_is_refused(store: Store, changes: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        change(store, "2026-02-01", changes)


def test_an_unknown_device_is_refused(store: Store) -> None:
    with pytest.raises(Refused, match="has not heard"), store.write() as db:
        device_details.record(
            db,
            "ble:000000000000",
            {},
            effective_from=date(2026, 1, 1),
            reason="x",
            author=NURSE,
            at_ms=NOW,
        )
