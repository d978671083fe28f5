"""The case file of a live patient, on a real database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cloud_sync.ledger import tables
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.schema import upgrade
from cloud_sync.rules import determine
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.days import transmission_days
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    CUFF,
    DOCTOR,
    NURSE,
    assign,
    fact,
    ms,
    observe,
    people,
    put,
    work,
)

LATER = ms("2026-06-01T00:00:00+00:00")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(f"sqlite:///{tmp_path / 'clinic.db'}")
    upgrade(found)
    people(found)
    yield found
    found.close()


def built(store: Store, as_of_ms: int = LATER, zone: str | None = None) -> dict[str, Any]:
    with store.read() as db:
        return build_case(db, ANN, as_of_ms, zone)


def _enrolled(store: Store) -> None:
    at = "2026-01-02T00:00:00+00:00"
    fact(store, "patient", {"established_on": "2024-05-01"}, at)
    fact(store, "consents", {"program": "RPM", "given_on": "2026-01-02"}, at)
    fact(store, "orders", {"program": "RPM", "ordered_on": "2026-01-02"}, at)
    fact(store, "episodes", {"program": "RPM", "start": "2026-01-02"}, at)


def test_a_live_patient_earns_days_and_minutes(store: Store) -> None:
    _enrolled(store)
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    for day in range(6, 22):
        observe(store, f"2026-01-{day:02}T13:00:00+00:00")
    work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    found: dict[str, Any] = determine(built(store))
    assert [(line["code"], line["status"]) for line in found["lines"]] == [
        ("99454", "billable"),
        ("99457", "billable"),
    ]


def test_nothing_is_supplied_by_default(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-06T13:00:00+00:00")
    found: dict[str, Any] = determine(built(store))
    assert found["lines"] == []
    assert {one["reason"] for one in found["shortfalls"]} >= {"outside_episode"}


def test_received_is_when_the_clinic_committed(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-06T13:00:00+00:00", committed="2026-01-09T08:00:00+00:00")
    assert built(store)["readings"] == [
        {
            "device": CUFF,
            "measured_at": "2026-01-06T13:00:00.000+00:00",
            "received_at": "2026-01-09T08:00:00.000+00:00",
            "source": "automatic",
            "result": "measurement",
        }
    ]
    assert built(store, ms("2026-01-09T07:59:59+00:00"))["readings"] == []


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("glucose", "measurement"),
        ("weight", "measurement"),
        ("failed_measurement", "failed"),
        ("control_solution", "control"),
        ("refusal", None),
        ("cuff_pressure", None),
        ("device_clock", None),
    ],
)
def test_what_an_observation_is(store: Store, kind: str, result: str | None) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-06T13:00:00+00:00", kind=kind)
    assert [one["result"] for one in built(store)["readings"]] == ([result] if result else [])


def test_a_reading_without_a_time_cannot_be_placed(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, None)
    assert built(store)["readings"] == []


def test_a_moment_that_may_fall_on_two_dates_proves_neither(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-06T05:00:00+00:00", day_is_known=False)
    observe(store, "2026-01-04T05:00:00+00:00", day_is_known=False, patient_id=None)
    assert built(store)["readings"] == []


def test_readings_before_the_assignment_are_told_as_unassigned(store: Store) -> None:
    _enrolled(store)
    assign(store, ANN, "2026-01-05T15:00:00+00:00")
    observe(store, "2026-01-04T13:00:00+00:00", patient_id=None)
    observe(store, "2026-01-05T13:00:00+00:00", patient_id=None)  # that morning: nobody's
    observe(store, "2026-01-06T13:00:00+00:00")
    case = read(built(store))
    assert not isinstance(case, Problem)
    assert [str(day) for day in transmission_days(case)] == ["2026-01-06"]
    assert len(case.readings) == 2


def test_another_patients_readings_stay_away(store: Store) -> None:
    assign(store, ANN, "2026-01-05T15:00:00+00:00", "2026-01-08T15:00:00+00:00")
    assign(store, BOB, "2026-01-09T15:00:00+00:00")
    observe(store, "2026-01-10T13:00:00+00:00", patient_id=BOB)
    found = built(store)
    assert found["readings"] == []
    [device] = found["devices"]
    assert (device["assigned_from"], device["assigned_to"]) == ("2026-01-05", "2026-01-08")
    assert BOB not in msgspec.json.encode(found).decode()


def test_dates_are_those_of_the_patients_zone(store: Store) -> None:
    assign(store, ANN, "2026-01-06T03:00:00+00:00")
    assert built(store)["devices"][0]["assigned_from"] == "2026-01-05"
    assert built(store, zone="UTC")["devices"][0]["assigned_from"] == "2026-01-06"


def test_a_corrected_fact_is_gone_once_its_correction_is_known(store: Store) -> None:
    old = {"program": "RPM", "given_on": "2026-01-02"}
    new = {"program": "RPM", "given_on": "2026-01-03"}
    first = fact(store, "consents", old, "2026-01-04T00:00:00+00:00")
    fact(store, "consents", new, "2026-01-10T00:00:00+00:00", corrects=first)
    assert built(store)["consents"] == [new]
    assert built(store, ms("2026-01-09T00:00:00+00:00"))["consents"] == [old]
    assert built(store, ms("2026-01-03T00:00:00+00:00"))["consents"] == []


def test_an_entry_may_be_corrected_to_nothing(store: Store) -> None:
    stay = {"kind": "snf", "from": "2026-01-02", "to": "2026-01-03"}
    first = fact(store, "stays", stay, "2026-01-04T00:00:00+00:00")
    fact(store, "stays", {}, "2026-01-05T00:00:00+00:00", corrects=first)
    assert built(store)["stays"] == []


def test_corrected_time_counts_once(store: Store) -> None:
    first = work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    work(
        store,
        "2026-01-20T15:00:00+00:00",
        "2026-01-20T15:11:00+00:00",
        corrects=first,
        entered_at_ms=ms("2026-01-21T15:00:00+00:00"),
    )
    [entry] = built(store)["time"]
    assert entry["end"] == "2026-01-20T15:11:00.000+00:00"
    [entry] = built(store, ms("2026-01-20T16:00:00+00:00"))["time"]
    assert entry["end"] == "2026-01-20T15:21:00.000+00:00"


def test_a_worker_with_another_patient_shows_and_says_nothing_else(store: Store) -> None:
    group = ("2026-01-20T15:00:00+00:00", "2026-01-20T15:20:00+00:00")
    work(store, *group, patients=2)
    work(store, *group, patients=2, patient_id=BOB)
    work(store, "2026-01-21T15:10:00+00:00", "2026-01-21T15:30:00+00:00", patient_id=BOB)
    own, other = built(store)["time"]
    assert "other_patient" not in own
    assert other["other_patient"]
    assert own["patients"] == other["patients"] == 2
    assert "note" not in other


def test_the_only_practitioner_is_the_billing_one(store: Store) -> None:
    work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:20:00+00:00", staff_id=DOCTOR)
    found = built(store)
    assert [entry["staff"] for entry in found["time"]] == ["P1"]
    put(
        store,
        tables.staff,
        id="e" * 32,
        username="second",
        full_name="A Second",
        role="clinician",
        billing_role="practitioner",
        password_hash="",
        created_at_ms=0,
    )
    found = built(store)
    assert [entry["staff"] for entry in found["time"]] == [DOCTOR]
    assert found["staff"] == [{"id": DOCTOR, "role": "practitioner", "employed": True}]


def test_the_newest_detail_of_that_time_holds(store: Store) -> None:
    put(
        store,
        tables.patient_detail,
        id="9" * 32,
        patient_id=ANN,
        name="A Person",
        zone="America/Denver",
        payer="another",
        recorded_at_ms=ms("2026-02-01T00:00:00+00:00"),
        author=NURSE,
        corrects="a" * 31 + "1",
    )
    assert built(store)["settings"] == {"time_zone": "America/Denver"}
    assert built(store)["patient"]["payer"] == "another"
    earlier = built(store, ms("2026-01-15T00:00:00+00:00"))
    assert earlier["settings"] == {"time_zone": "America/New_York"}


def test_nobody_of_that_id(store: Store) -> None:
    with store.read() as db, pytest.raises(LookupError):
        build_case(db, "0" * 32, LATER)


def test_the_case_says_when_it_was_asked(store: Store) -> None:
    at = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    assert built(store, round(at.timestamp() * 1000))["as_of"] == "2026-05-01T12:30:00.000+00:00"
