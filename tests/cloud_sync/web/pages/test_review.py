"""Reviewing with the clock running."""

import re

from cloud_sync.ledger import care_entries, care_time
from tests.cloud_sync.web.conftest import NOTE, Person, words
from tests.support.seeded import Seeded


def test_an_rpm_review_with_the_clock(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}"
    started = nurse.post(f"{page}/clock/start", program="RPM")
    assert started.headers["location"] == f"{page}/review"
    clinic.clock.advance(minutes=12, seconds=20)
    html = nurse.get(f"{page}/review").text
    assert 'data-seconds="740">12:20<' in html
    ticked = re.findall(r'name="reviewed" value="([0-9a-f]{64})" checked', html)
    assert len(ticked) == 27
    refused = nurse.post(f"{page}/clock/stop", activity="Followed up an alert", note="")
    assert refused.status_code == 409
    assert "Write a note" in refused.text
    stopped = nurse.post(
        f"{page}/clock/stop",
        activity="Followed up an alert",
        note=NOTE,
        mode="phone",
        interactive="yes",
        direction="outgoing",
        party="patient",
        reviewed=ticked[:20],
    )
    assert stopped.status_code == 303
    text = words(nurse.get(page).text)
    assert "✓ 10 min 99470" in text
    assert "✓ live contact this month" in text
    assert "7 readings not yet reviewed" in text
    assert "99470" in text


def test_no_second_clock_and_no_stop_from_afar(nurse: Person, clinic: Seeded) -> None:
    nurse.post(f"/patients/{clinic.patient}/clock/start", program="RPM")
    second = nurse.post(f"/patients/{clinic.other}/clock/start", program="CCM")
    assert second.status_code == 409
    assert "Your RPM clock is running already" in second.text
    clinic.clock.advance(minutes=1)
    afar = nurse.post(f"/patients/{clinic.other}/clock/stop", activity="a", note=NOTE)
    assert afar.status_code == 409
    assert "Your clock runs elsewhere" in afar.text
    with clinic.store.read() as db:
        running = care_time.running(db, clinic.staff["clinician"])
    assert running is not None
    assert running.patient_id == clinic.patient


def test_going_on_in_the_other_program(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}"
    nurse.post(f"{page}/clock/start", program="RPM")
    clinic.clock.advance(minutes=5)
    nurse.post(f"{page}/clock/stop", activity="Followed up an alert", note=NOTE, then="CCM")
    clinic.clock.advance(minutes=3)
    assert "CCM clock running" in words(nurse.get("/hubs").text), "on every page"
    nurse.post(f"{page}/clock/stop", activity="Care plan and goals", note=NOTE)
    with clinic.store.read() as db:
        found = care_entries.of_patient(db, clinic.patient, 0, clinic.clock())
    assert [(e.program, (e.end_ms - e.start_ms) // 60_000) for e in found] == [
        ("RPM", 5),
        ("CCM", 3),
    ]


def test_a_clock_started_by_mistake(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}"
    nurse.post(f"{page}/clock/start", program="other")
    nurse.post(f"{page}/clock/discard")
    assert "clock running" not in nurse.get(page).text
