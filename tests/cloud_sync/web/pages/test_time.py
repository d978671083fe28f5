"""Late entries and corrections."""

import re

from tests.cloud_sync.web.conftest import NOTE, Person
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
    changed = nurse.post(page, **(fields | {"end": "2026-11-23T10:05", "corrects": corrects}))
    assert changed.status_code == 303
    html = nurse.get(f"{page}?month=2026-11").text
    assert "corrected by a later entry" in html
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
    assert "correct or take out" not in html
    assert nurse.post(f"{page}/void", **asked, reason="Once more.").status_code == 409
    assert nurse.post(page, **(fields | {"party": "nobody"})).status_code == 409
