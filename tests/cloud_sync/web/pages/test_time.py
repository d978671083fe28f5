"""Late entries and corrections."""

import re

from tests.cloud_sync.web.conftest import NOTE, Person, words
from tests.support.seeded import Seeded


def test_late_entries_and_corrections_stand_beside_each_other(
    nurse: Person, clinic: Seeded
) -> None:
    page = f"/patients/{clinic.patient}/time"
    fields = {
        "program": "RPM",
        "start": "2026-11-23T10:00",
        "end": "2026-11-23T10:09",
        "activity": "Followed up an alert",
        "note": NOTE,
    }
    assert nurse.post(page, **fields).status_code == 303
    again = nurse.post(page, **fields)
    assert again.status_code == 409
    assert "You recorded RPM time in that interval already" in again.text
    assert NOTE in again.text
    html = nurse.get(page).text
    assert "late entry, typed in" in html
    (corrects,) = re.findall(r"corrects=([0-9a-f]{32})", html)
    form = nurse.get(f"{page}?month=2026-11&corrects={corrects}").text
    assert 'value="2026-11-23T10:09:00"' in form
    shorter = fields | {"end": "2026-11-23T10:05", "corrects": corrects}
    assert nurse.post(page, **shorter).status_code == 409
    assert nurse.post(page, **shorter, reason="ended earlier").status_code == 303
    html = nurse.get(f"{page}?month=2026-11").text
    assert "corrected by a later entry" in html
    assert "because: ended earlier" in html
    assert nurse.get(f"{page}?month=2026-10").status_code == 200
    assert nurse.get(f"{page}?month=never").status_code == 409


def test_an_entry_is_taken_out_with_its_reason(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}/time"
    fields = {
        "program": "RPM",
        "start": "2026-11-23T10:00",
        "end": "2026-11-23T10:09",
        "activity": "Called about a reading",
        "note": NOTE,
        "mode": "phone",
        "interactive": "yes",
        "direction": "incoming",
        "party": "caregiver",
        "patients": "2",
    }
    assert nurse.post(page, **fields).status_code == 303
    html = nurse.get(page).text
    assert "they called caregiver" in html
    assert "for 2 patients" in html
    assert "after the work" in html
    (entry,) = re.findall(r"corrects=([0-9a-f]{32})", html)
    form = nurse.get(f"{page}?month=2026-11&corrects={entry}").text
    assert '<option value="caregiver" selected>' in form
    asked = {"entry": entry, "month": "2026-11"}
    assert nurse.post(f"{page}/void", **asked, reason="").status_code == 409
    assert nurse.post(f"{page}/void", **asked, reason="Another patient.").status_code == 303
    html = nurse.get(page).text
    assert ": Another patient." in html
    assert "split or take out" not in html
    assert nurse.post(f"{page}/void", **asked, reason="Once more.").status_code == 409
    assert nurse.post(page, **(fields | {"party": "nobody"})).status_code == 409


MODEL = "Called about side effects and went over the blood pressure log with the patient"


def test_a_mixed_note_is_caught_kept_on_purpose_and_split(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}/time"
    fields = {
        "program": "RPM",
        "start": "2026-11-23T10:00",
        "end": "2026-11-23T10:08",
        "activity": "Called about a reading",
        "note": MODEL,
    }
    caught = nurse.post(page, **fields)
    assert caught.status_code == 409
    assert "a minute belongs to one program" in words(caught.text)
    assert 'name="as_is"' in caught.text
    assert nurse.post(page, **fields, as_is="yes").status_code == 303
    html = nurse.get(page).text
    assert "The note speaks of both programs" in html
    (entry,) = re.findall(r"corrects=([0-9a-f]{32})", html)
    assert "Cut at" in nurse.get(f"{page}?month=2026-11&corrects={entry}").text
    parts = {
        "entry": entry,
        "month": "2026-11",
        "cut": "2026-11-23T10:05",
        "first_program": "RPM",
        "first_activity": "Called about a reading",
        "first_note": "Went over the blood pressure log, evenings are high since Monday",
        "second_program": "CCM",
        "second_activity": "Medication reconciliation",
        "second_note": "Asked about side effects of the new tablet, none; goes on with it",
    }
    late = nurse.post(f"{page}/split", **(parts | {"cut": "2026-11-23T10:09"}), reason="two of it")
    assert late.status_code == 409
    assert "evenings are high since Monday" in late.text, "what was typed comes back"
    assert nurse.post(f"{page}/split", **parts).status_code == 409
    assert nurse.post(f"{page}/split", **parts, reason="two programs in it").status_code == 303
    html = nurse.get(page).text
    assert html.count("part of an entry that was split") == 2
    assert "5 min" in html
    assert "3 min" in html


def test_a_vague_note_is_told_what_to_add(nurse: Person, clinic: Seeded) -> None:
    asked = nurse.post("/note-advice", program="RPM", note="Patient call - 5 minutes")
    assert "what came of it" in asked.json()["advice"]
    assert nurse.post("/note-advice", program="RPM", note=NOTE).json() == {"advice": ""}
    page = f"/patients/{clinic.patient}"
    nurse.post(f"{page}/clock/start", program="RPM")
    clinic.clock.advance(minutes=4)
    stop = {"activity": "Followed up an alert", "note": "Patient call", "direction": "incoming"}
    caught = nurse.post(f"{page}/clock/stop", **stop)
    assert caught.status_code == 409
    assert '<option value="incoming" selected>' in caught.text
    assert nurse.post(f"{page}/clock/stop", **stop, as_is="yes").status_code == 303
    assert "The note says too little" in nurse.get(f"{page}/time").text


def test_a_late_entry_names_what_it_worked_on_and_whom_it_spoke_to(
    nurse: Person, clinic: Seeded
) -> None:
    page = f"/patients/{clinic.patient}/time"
    html = nurse.get(page).text
    ticks = re.findall(r'name="reviewed" value="([0-9a-f]{64})"', html)
    (plan,) = re.findall(r'name="plan" value="([0-9a-f]{32})"', html)
    fields = {
        "program": "RPM",
        "start": "2026-11-23T10:00",
        "end": "2026-11-23T10:09",
        "activity": "Called about a reading",
        "note": NOTE,
        "mode": "phone",
        "interactive": "yes",
        "reviewed": ticks[:3],
        "plan": plan,
    }
    alone = nurse.post(page, **fields)
    assert (alone.status_code, "choose with whom" in alone.text) == (409, True)
    other = nurse.post(page, **fields, direction="outgoing", party="other")
    assert other.status_code == 409
    assert nurse.post(page, **fields, direction="outgoing", party="caregiver").status_code == 303
    assert "worked on 3 readings the care plan" in words(nurse.get(page).text)
