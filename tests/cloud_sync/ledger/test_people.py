"""Patients and what is on file for them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cloud_sync.ledger import people
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from tests.support.seeded import NOW_MS as T0, ZONE

AUTHOR = "e" * 32


def add(store: Store, name: str = "Rosa Alvarez", **more: Any) -> str:
    values: dict[str, Any] = {"name": name, "zone": ZONE, "author": AUTHOR, "at_ms": T0} | more
    with store.write() as db:
        return people.add_patient(db, **values)


def test_a_patient_is_found_by_id_and_listed_by_name(store: Store) -> None:
    second = add(store, "Walter Nguyen", record_number=" 7 ", birth_date=date(1950, 1, 2))
    first = add(store, " Rosa Alvarez ")
    with store.read() as db:
        assert [p.id for p in people.everyone(db)] == [first, second]
        found = people.find(db, second)
    assert (found.record_number, found.birth_date, found.payer) == (
        "7",
        date(1950, 1, 2),
        "medicare",
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "  "}, "name"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"zone": "../../etc/passwd"}, "time zone"),
        ({"zone": "localtime"}, "time zone"),  # of the server, wherever it stands
        ({"zone": ""}, "time zone"),
        ({"birth_date": date(2026, 11, 25)}, "date of birth"),
        ({"birth_date": date(1899, 12, 31)}, "date of birth"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_kept(
    store: Store, wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        add(store, **wrong)
    with store.read() as db:
        assert people.everyone(db) == []


def test_a_change_is_a_new_row_and_one_row_is_in_force(store: Store) -> None:
    patient = add(store)
    for name in ("Rosa A. Alvarez", "Rosa Alvarez-Kim"):
        with store.write() as db:
            people.change_patient(db, patient, {"name": name}, author=AUTHOR, at_ms=T0)
    with store.read() as db:
        assert [p.name for p in people.everyone(db)] == ["Rosa Alvarez-Kim"]


def test_an_unknown_patient_is_refused(store: Store) -> None:
    with store.read() as db, pytest.raises(Refused, match="no such patient"):
        people.find(db, "0" * 32)


def record(store: Store, patient: str, kind: str, body: Mapping[str, object], **more: str) -> str:
    if "corrects" in more:
        more.setdefault("reason", "recorded in error")
    with store.write() as db:
        return people.record_fact(
            db, patient_id=patient, kind=kind, body=body, author=AUTHOR, at_ms=T0, **more
        )


def test_facts_are_kept_corrected_and_withdrawn(store: Store) -> None:
    patient = add(store)
    order = {"program": "RPM", "ordered_on": "2026-11-01"}
    first = record(store, patient, "orders", order)
    second = record(store, patient, "orders", order | {"ordered_on": "2026-11-02"}, corrects=first)
    with store.read() as db:
        assert [f.body["ordered_on"] for f in people.facts(db, patient)] == ["2026-11-02"]
    with pytest.raises(Refused, match="has been corrected"):
        record(store, patient, "orders", order, corrects=first)
    record(store, patient, "orders", {}, corrects=second)
    with store.read() as db:
        assert people.facts(db, patient) == []


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("rumours", {}, "is one of"),
        ("orders", {"program": "RPM", "ordered_on": "yesterday"}, "cannot be read"),
        ("consents", {"program": "XYZ", "given_on": "2026-11-01"}, "cannot be read"),
        ("patient", {"established_on": 7}, "cannot be read"),
    ],
)
def test_an_entry_that_the_rules_could_not_read_is_refused(
    store: Store, kind: str, body: dict[str, object], words: str
) -> None:
    patient = add(store)
    with pytest.raises(Refused, match=words):
        record(store, patient, kind, body)
