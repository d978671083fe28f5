"""As whom somebody worked, by date; and that an entry of time keeps the role of its own date."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cloud_sync.ledger import case_time, staff_details
from cloud_sync.ledger.billing import billing_practitioner
from cloud_sync.ledger.case_rows import rows_of
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules import determine
from tests.cloud_sync.ledger.records import ANN, DOCTOR, NURSE, ms, people, work

NOW = ms("2026-04-01T00:00:00+00:00")


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    people(store)


def change(
    store: Store, who: str, since: str, changes: Mapping[str, Any], at_ms: int = NOW
) -> None:
    with store.write() as db:
        staff_details.record(
            db,
            who,
            changes,
            effective_from=date.fromisoformat(since),
            reason="as the contract says",
            author=NURSE,
            at_ms=at_ms,
        )


def case(store: Store, at_ms: int = NOW) -> dict[str, Any]:
    with store.read() as db:
        return build_case(db, ANN, at_ms)


def test_an_entry_keeps_the_role_of_its_own_date(store: Store) -> None:
    change(store, NURSE, "2026-01-01", {"credential": "RN"})
    change(store, NURSE, "2026-03-10", {"billing_role": "non_clinical"})
    work(store, "2026-03-09T15:00:00+00:00", "2026-03-09T15:20:00+00:00")
    work(store, "2026-03-11T15:00:00+00:00", "2026-03-11T15:20:00+00:00")
    found = case(store)
    roles = {one["id"]: one["role"] for one in found["staff"]}
    assert [roles[one["staff"]] for one in found["time"]] == ["clinical_staff", "non_clinical"]
    judged: dict[str, Any] = determine(found)
    assert "staff_not_clinical" in {one["reason"] for one in judged["warnings"]}
    assert ("99457", 20) in {
        (one["code"], one.get("have", 20)) for one in judged["shortfalls"]
    }  # the first interval's twenty minutes still count


def test_a_first_change_says_nothing_of_the_time_before_it(store: Store) -> None:
    change(store, NURSE, "2026-03-10", {"billing_role": "non_clinical"})
    work(store, "2026-03-09T15:00:00+00:00", "2026-03-09T15:20:00+00:00")
    assert [one["role"] for one in case(store)["staff"]] == ["clinical_staff"]


def test_an_entry_across_the_midnight_of_a_change_is_cut_there(store: Store) -> None:
    change(store, NURSE, "2026-01-01", {})
    change(store, NURSE, "2026-03-10", {"billing_role": "non_clinical"})
    # Midnight in New York, before its clocks go forward, is five o'clock UTC; on 10 March, four.
    work(store, "2026-03-10T03:50:00+00:00", "2026-03-10T04:10:00+00:00")
    parts = case(store)["time"]
    assert [(one["start"][11:16], one["end"][11:16]) for one in parts] == [
        ("03:50", "04:00"),
        ("04:00", "04:10"),
    ]
    assert len({one["staff"] for one in parts}) == 2


def test_what_was_not_recorded_yet_is_not_known(store: Store) -> None:
    work(store, "2026-03-09T15:00:00+00:00", "2026-03-09T15:20:00+00:00")
    before = case(store)
    change(store, NURSE, "2026-01-01", {"billing_role": "non_clinical"}, at_ms=NOW + 1)
    assert case(store) == before
    assert case(store, NOW + 1)["staff"][0]["role"] == "non_clinical"


def test_a_contractor_has_an_employer(store: Store) -> None:
    work(store, "2026-03-09T15:00:00+00:00", "2026-03-09T15:20:00+00:00")
    with pytest.raises(Refused, match="Name the employer"):
        change(store, NURSE, "2026-01-01", {"employed": False})
    change(store, NURSE, "2026-01-01", {"employed": False, "employer": "Care Partners LLC"})
    assert case(store)["staff"] == [{"id": NURSE, "role": "clinical_staff", "employed": False}]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"billing_role": "wizard"}, "must be one of"), ({"npi": "1234567890"}, "ten digits")],
)
def test_a_change_that_cannot_be_is_refused(
    store: Store, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        change(store, NURSE, "2026-01-01", changes)
    with store.read() as db:
        assert staff_details.history(db) == []


def test_what_a_change_does_not_name_stays(store: Store) -> None:
    change(store, DOCTOR, "2026-01-01", {"credential": "MD", "npi": "1234567893"})
    change(store, DOCTOR, "2026-02-01", {"credential": "MD, MPH"})
    with store.read() as db:
        first, second = staff_details.history(db, ids=[DOCTOR])
    assert (first.credential, second.credential, second.npi) == ("MD", "MD, MPH", "1234567893")
    assert second.billing_role == "practitioner"


def test_the_only_practitioner_bills_while_being_one(store: Store) -> None:
    with store.read() as db:
        assert billing_practitioner(db, ANN, NOW) == DOCTOR
    change(store, DOCTOR, "2026-03-01", {"billing_role": "clinical_staff"})
    with store.read() as db:
        assert billing_practitioner(db, ANN, NOW) is None
        assert billing_practitioner(db, ANN, NOW - 1) == DOCTOR  # nobody had said so yet


def test_the_practitioner_is_p1_on_the_dates_of_being_one(store: Store) -> None:
    change(store, DOCTOR, "2026-01-01", {"billing_role": "clinical_staff"})
    change(store, DOCTOR, "2026-03-10", {"billing_role": "practitioner"})
    for day in ("09", "11"):
        work(
            store,
            f"2026-03-{day}T15:00:00+00:00",
            f"2026-03-{day}T15:20:00+00:00",
            staff_id=DOCTOR,
        )
    with store.read() as db:
        rows = rows_of(db, [ANN], NOW).patients[ANN].time
        people = staff_details.roster(db, NOW)
    time, staff = case_time.of_rows(ANN, rows, people, DOCTOR, "America/New_York")
    assert [one["staff"] for one in time] == [f"{DOCTOR}/clinical_staff", "P1"]
    assert [one["id"] for one in staff] == [f"{DOCTOR}/clinical_staff"]
