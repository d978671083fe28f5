"""What goes wrong, and what a person, a script and the log get to see of it."""

import logging

import pytest

from cloud_sync.web.pages import patients
from tests.cloud_sync.web.conftest import Browser, Person
from tests.support.seeded import Seeded


def test_a_fault_is_logged_without_what_it_was_about(
    nurse: Person, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Rosa Alvarez, 131/77"

    def break_down(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(patients, "_lines", break_down)
    with caplog.at_level(logging.ERROR):
        answer = nurse.get("/patients")
    assert answer.status_code == 500
    assert "Something failed here" in answer.text
    assert "RuntimeError at /patients" in caplog.text
    for told in (answer.text, caplog.text):
        assert "Rosa" not in told
        assert "131/77" not in told
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_scripts_get_json_and_people_get_pages(
    stranger: Browser, nurse: Person, clinic: Seeded
) -> None:
    api = f"/api/patients/{clinic.patient}/progress"
    alone = stranger.get(api, headers={"accept": "*/*"}, follow_redirects=False)
    assert (alone.status_code, alone.json()) == (401, {"error": "Sign in first."})
    assert stranger.get("/nowhere").status_code == 404
    page = nurse.get("/nowhere")
    assert "There is nothing at this address." in page.text
    refused = nurse.get(f"/patients/{'0' * 32}")
    assert refused.status_code == 409
    assert "There is no such patient." in refused.text


def test_too_much_at_once_is_refused(nurse: Person) -> None:
    answer = nurse.post("/patients", name="x" * 300_000, zone="UTC")
    assert answer.status_code == 413
