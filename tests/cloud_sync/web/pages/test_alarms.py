"""Alarms, quarantine and the access log."""

from sqlalchemy import insert

from cloud_sync.ledger.tables import alarm, quarantine
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support import seeded
from tests.support.seeded import Seeded


def test_alarms_are_taken_notice_of(as_role: SignIn, clinic: Seeded) -> None:
    person = as_role("admin")
    with clinic.store.write() as db:
        db.execute(
            insert(alarm).values(
                at_ms=seeded.NOW_MS, kind="card_cloned", hub_id=seeded.HUB, detail="two cards"
            )
        )
        db.execute(
            insert(quarantine).values(
                id=b"q" * 32,
                topic="rpm/0/x/up",
                reason="bad_signature",
                body=b"12345",
                at_ms=seeded.NOW_MS,
            )
        )
    text = words(person.get("/alarms").text)
    assert "card cloned H-0042 two cards" in text
    assert "bad signature \u2013 rpm/0/x/up 5" in text
    assert person.post("/alarms/1/seen").status_code == 303
    assert "Ada Lindqvist" in words(person.get("/alarms").text).split("two cards")[1]


def test_the_auditor_sees_who_looked_at_whom(as_role: SignIn, clinic: Seeded) -> None:
    as_role("clinician").get(f"/patients/{clinic.patient}")
    text = words(as_role("auditor").get("/access-log").text)
    assert "Nia Okafor RN clinician Rosa Alvarez GET /patients/{patient_id}" in text
