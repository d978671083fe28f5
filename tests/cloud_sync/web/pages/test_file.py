"""What is on file for the programs."""

import pytest

from cloud_sync.ledger import people
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support.seeded import Seeded


def test_the_file_is_kept_and_withdrawn(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    entries = (
        {"kind": "orders", "on": "2026-11-01"},
        {
            "kind": "consents",
            "program": "CCM",
            "on": "2026-11-01",
            "mode": "verbal",
            "documented": "yes",
        },
        {"kind": "episodes", "program": "RPM", "on": "2026-11-01", "set_up_on": "2026-11-02"},
        {"kind": "initiating_visits", "on": "2026-11-01", "ccm": "yes"},
        {"kind": "care_plans", "on": "2026-11-01", "shared": "yes"},
        {"kind": "patient", "on": "2020-01-01"},
        {"kind": "patient", "conditions": "i10, E11.9"},
    )
    for entry in entries:
        assert person.post(page, **entry).status_code == 303, entry
    text = words(person.get(page).text)
    for line in (
        "RPM order of 2026-11-01",
        "CCM consent, verbal, 2026-11-01, documented",
        "RPM episode from 2026-11-01, device set up 2026-11-02",
        "Visit of 2026-11-01, discussed: CCM",
        "Care plan of 2026-11-01, shared",
        "Patient of the practice since 2020-01-01",
        "Chronic conditions: I10, E11.9",
    ):
        assert line in text
    with clinic.store.read() as db:
        order = next(f for f in people.facts(db, clinic.other) if f.kind == "orders")
    assert person.post(page, kind="orders", corrects=order.id).status_code == 303
    assert "RPM order" not in person.get(page).text


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "orders"},
        {"kind": "orders", "on": "2026-13-01"},
        {"kind": "consents", "program": "XXX", "on": "2026-11-01", "mode": "verbal"},
        {"kind": "consents", "program": "RPM", "on": "2026-11-01", "mode": "telepathy"},
        {"kind": "patient", "conditions": "high pressure"},
        {"kind": "gossip", "on": "2026-11-01"},
        {"kind": "orders", "corrects": "0" * 32},
    ],
)
def test_an_incomplete_entry_is_refused(
    as_role: SignIn, clinic: Seeded, entry: dict[str, str]
) -> None:
    answer = as_role("biller").post(f"/patients/{clinic.other}/file", **entry)
    assert answer.status_code == 409
    with clinic.store.read() as db:
        assert people.facts(db, clinic.other) == []
