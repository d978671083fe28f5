"""One patient's page."""

import re

from cloud_sync.ledger import devices
from tests.cloud_sync.web.conftest import Person, words
from tests.support.seeded import CUFF, SPARE, Seeded


def test_the_patient_page_shows_readings_by_every_clock(nurse: Person, clinic: Seeded) -> None:
    html = nurse.get(f"/patients/{clinic.patient}").text
    text = words(html)
    assert "MST (America/Denver)" in text
    assert "cuff was loose" in text
    assert "irregular pulse" in text
    assert "pulse 71/min" in text
    assert len(re.findall(r'<svg viewBox="0 0 720 240" role="img"', html)) == 2
    assert "13 readings from" in html
    assert html.count('<li class="had') == 13
    assert html.count('<li class="missed') == 4
    assert html.count('<li class="future') == 13
    assert "16\u201330 days 99454 · 3 more, 14 days left" in text
    assert html.count("data-reading=") == 27
    assert "What can still be reached" in text
    assert "99454 needs 3 more by 7 December: one reading a day, from 5 December" in text


def test_assigning_a_waiting_device_brings_its_readings(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.other}"
    assert "Spare cuff" in nurse.get(page).text
    done = nurse.post(f"{page}/assignments", device=SPARE, **{"from": "2026-11-24T00:00"})
    assert done.status_code == 303
    assert "133/81 mmHg" in nurse.get(page).text
    assert "24 Nov, 08:30" in nurse.get(page).text, "the receipt came two hours after the reading"
    again = nurse.post(f"{page}/assignments", device=SPARE, **{"from": "2026-11-24T00:00"})
    assert again.status_code == 409
    assert "belongs to a patient in that time already" in again.text
    with clinic.store.read() as db:
        (mine,) = devices.of_patient(db, clinic.other)
    ended = nurse.post(f"/patients/{clinic.patient}/assignments/{mine.id}/end")
    assert ended.status_code == 409, "not by way of another patient"
    assert nurse.post(f"{page}/assignments/{mine.id}/end").status_code == 303


def test_a_device_is_taken_back_from_an_earlier_moment_with_a_reason(
    nurse: Person, clinic: Seeded
) -> None:
    page = f"/patients/{clinic.patient}"
    with clinic.store.read() as db:
        mine = next(one for one in devices.of_patient(db, clinic.patient) if one.device_id == CUFF)
    end = f"{page}/assignments/{mine.id}/end"
    assert nurse.post(end, to="2026-11-20T00:00").status_code == 409
    assert nurse.post(end, error="yes").status_code == 409
    assert "144/80 mmHg" in nurse.get(page).text
    assert nurse.post(end, error="yes", reason="the other patient's cuff").status_code == 303
    assert "144/80 mmHg" not in nurse.get(page).text
