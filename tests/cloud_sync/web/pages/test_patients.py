"""The work list and adding a patient."""

from sqlalchemy import select

from cloud_sync.ledger.tables import patient_detail
from tests.cloud_sync.web.conftest import Person, words
from tests.support.seeded import Seeded


def test_the_work_list_says_who_stands_where(nurse: Person) -> None:
    text = words(nurse.get("/patients").text)
    assert "Rosa Alvarez MR-1001 " in text
    assert "13 /16" in text
    assert "99445 level (2\u201315 days)" in text
    assert "27 new" in text
    assert "connected" in text
    assert "1 reading from 1 device belongs to nobody yet" in text


def test_the_work_list_finds_by_name_and_number(nurse: Person) -> None:
    assert "Walter" not in nurse.get("/patients?q=rosa").text
    assert "Walter" in nurse.get("/patients?q=mr-1002").text
    assert "No patient matches" in nurse.get("/patients?q=zz").text
    assert nurse.get("/patients?page=99").status_code == 200
    assert nurse.get("/patients?page=x").status_code == 400


def test_adding_a_patient_and_what_is_refused(nurse: Person) -> None:
    added = nurse.post(
        "/patients", name="<b>Ann</b> O'Neil", zone="America/New_York", birth_date="1950-02-03"
    )
    page = nurse.get(added.headers["location"]).text
    assert "&lt;b&gt;Ann&lt;/b&gt; O&#39;Neil" in page
    assert "EST (America/New_York)" in page
    refused = nurse.post("/patients", name="Ann", zone="Nowhere", birth_date="1950-02-03")
    assert refused.status_code == 409
    assert 'value="1950-02-03"' in refused.text, "what was typed is kept"
    assert nurse.post("/patients", name="A", zone="UTC", birth_date="soon").status_code == 409


def test_details_are_corrected_with_a_reason(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}/details"
    assert 'value="MR-1001"' in nurse.get(page).text
    fields = {
        "name": "Rosa Alvarez-Kim",
        "birth_date": "1951-04-09",
        "record_number": "MR-1001",
        "zone": "America/Phoenix",
        "payer": "medicare",
    }
    refused = nurse.post(page, **fields)
    assert (refused.status_code, "Alvarez-Kim" in refused.text) == (409, True)
    assert nurse.post(page, **fields, reason="married, moved").status_code == 303
    assert "America/Phoenix" in nurse.get(f"/patients/{clinic.patient}").text
    with clinic.store.read() as db:
        rows = db.execute(
            select(patient_detail.c.name, patient_detail.c.reason).where(
                patient_detail.c.patient_id == clinic.patient
            )
        )
        assert sorted(map(tuple, rows)) == [
            ("Rosa Alvarez", None),
            ("Rosa Alvarez-Kim", "married, moved"),
        ]
