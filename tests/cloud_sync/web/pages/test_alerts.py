"""Alerts at the browser: set a threshold, see what it raised, work on it, be done."""

from cloud_sync.alerts import store as alerts
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.tables import observation
from tests.cloud_sync.web.conftest import NOTE, Person, words
from tests.support import seeded
from tests.support.seeded import CUFF, Seeded


def raised(clinic: Seeded, systolic: int) -> str:
    """A reading of this moment, as the opener leaves it, and the alert it raised."""
    with clinic.store.write() as db:
        at_ms = clinic.clock() - 60_000
        shown = local(at_ms, seeded.ZONE).replace(tzinfo=None)
        made = seeded.add_reading(db, CUFF, seeded.pressure(systolic, 80, at=shown), at_ms)
        db.execute(
            observation.update().where(observation.c.id == made).values(patient_id=clinic.patient)
        )
        assert alerts.raise_fresh(db, [made], clinic.clock()) == 1
    with clinic.store.read() as db:
        return alerts.of_patient(db, clinic.patient, only_open=True)[0].id


def test_from_threshold_to_done(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}"
    limit = {"measure": "systolic", "low": "90", "high": "160", "reason": "Dr Lee, by phone"}
    assert nurse.post(f"{page}/thresholds", **limit).status_code == 303
    wrong = nurse.post(f"{page}/thresholds", **(limit | {"low": "170"}))
    assert (wrong.status_code, 'value="170"' in wrong.text) == (409, True)
    text = words(nurse.get(f"{page}/alerts").text)
    assert "below 90 or above 160 mmHg" in text
    assert "No open alerts" in text
    first = raised(clinic, 181)
    assert "1 open alert" in words(nurse.get("/patients").text)
    assert "Systolic pressure 181 mmHg , above 160" in words(nurse.get(f"{page}/alerts").text)
    assert nurse.post(f"{page}/alerts", alert=first, action="handled").status_code == 409
    done = nurse.post(f"{page}/alerts", alert=first, action="handled", note="measured again: 138")
    assert done.status_code == 303
    assert "measured again: 138" in nurse.get(f"{page}/alerts").text
    assert "open alert" not in words(nurse.get("/patients").text)


def test_the_clock_works_on_an_alert(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}"
    limit = {"measure": "systolic", "low": "", "high": "160", "reason": "Dr Lee"}
    nurse.post(f"{page}/thresholds", **limit)
    one = raised(clinic, 182)
    nurse.post(f"{page}/clock/start", program="RPM")
    clinic.clock.advance(minutes=3)
    assert f'name="alert" value="{one}" checked' in nurse.get(f"{page}/review").text
    stop = {"activity": "Followed up an alert", "note": NOTE, "alert": one}
    assert nurse.post(f"{page}/clock/stop", **stop).status_code == 303
    assert "worked on 1 alert" in words(nurse.get(f"{page}/time").text)
    assert "No open alerts" in words(nurse.get(f"{page}/alerts").text)
