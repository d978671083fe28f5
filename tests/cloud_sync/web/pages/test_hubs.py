"""The page of hubs."""

import re
from dataclasses import replace
from html import unescape

from cloud_sync import setup
from cloud_sync.contract.enrolment import Rejected, parse_ticket
from tests.cloud_sync.web.conftest import Person, SignIn
from tests.support import seeded
from tests.support.seeded import Seeded


def test_a_silent_hub_is_told(nurse: Person, clinic: Seeded) -> None:
    from sqlalchemy import update

    from cloud_sync.ledger.tables import hub

    with clinic.store.write() as db:
        db.execute(update(hub).values(link_up=False, state_at_ms=seeded.NOW_MS - 2 * 86_400_000))
    assert "silent since" in nurse.get("/patients").text
    assert "▲ silent" in nurse.get("/hubs").text


def test_a_new_hub_gets_a_ticket_once(as_role: SignIn, clinic: Seeded) -> None:
    settings = setup.Settings(
        name="Made", zone="UTC", host="localhost", broker_port=1, worker_port=2, web_port=3
    )
    made = setup.create(clinic.config.directory / "keys-of", settings, setup.now())
    person = as_role("admin")
    counter = person.client.app.state.counter
    person.client.app.state.counter = replace(counter, config=made)
    html = person.post("/hubs", label="H-0043").text
    (ticket,) = re.findall(r">(vitals-enrol:[^<]+)<", html)
    parsed = parse_ticket(unescape(ticket))
    assert not isinstance(parsed, Rejected)
    assert parsed.url == "https://localhost:3"
    page = person.get("/hubs").text
    assert "H-0043" in page
    assert "waiting to enrol" in page
    assert "vitals-enrol:" not in page
    assert person.post("/hubs", label=" ").status_code == 409
    assert as_role("clinician").post("/hubs", label="H").status_code == 403
