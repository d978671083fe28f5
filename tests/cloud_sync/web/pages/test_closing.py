"""Closing, signing and opening a month at the browser."""

import re

from cloud_sync import eraser
from cloud_sync.ledger import closing, snapshots, staff, staff_details
from cloud_sync.ledger.erasing import Approved
from cloud_sync.ledger.local_time import local
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support.seeded import Seeded


def test_from_open_to_signed_and_back(as_role: SignIn, clinic: Seeded) -> None:
    clinic.clock.advance(days=8)
    person, page = as_role("clinician"), f"/patients/{clinic.patient}/months/2026-11"
    assert "○ not closed" in person.get("/closing").text
    assert person.post(page, do="close").status_code == 303
    assert "▲ ready to sign" in person.get("/closing?month=2026-11").text
    with clinic.store.read() as db:
        (version,) = snapshots.versions(db, clinic.patient, "2026-11")
    refused = person.post(page, do="sign", digest=version.digest.hex())
    assert (refused.status_code, "Only a practitioner signs" in refused.text) == (409, True)
    with clinic.store.write() as db:
        staff_details.record(
            db,
            clinic.staff["clinician"],
            {"billing_role": "practitioner"},
            effective_from=staff_details.utc_day(clinic.clock()),
            reason="licensed as a nurse practitioner",
            author=clinic.staff["admin"],
            at_ms=clinic.clock(),
        )
    assert person.post(page, do="close").status_code == 303
    with clinic.store.read() as db:
        newest = snapshots.versions(db, clinic.patient, "2026-11")[-1]
    assert person.post(page, do="sign", digest=newest.digest.hex()).status_code == 303
    assert "2026-11: ✓ signed" in person.get(page).text
    assert person.post(page, do="reopen", reason="").status_code == 409
    assert person.post(page, do="reopen", reason="A scan came late").status_code == 303
    text = words(person.get(page).text)
    assert "▲ opened again" in text
    assert "void: A scan came late" in text


def test_a_running_month_is_not_closed(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.patient}/months/2026-11"
    assert "not over yet" in person.get(page).text
    assert person.post(page, do="close").status_code == 409
    assert person.post(page, do="dance").status_code == 409
    assert person.get("/closing?month=November").status_code == 409


def test_an_erased_month_says_so_and_when(as_role: SignIn, clinic: Seeded) -> None:
    clinic.clock.advance(days=8)
    page = f"/patients/{clinic.patient}/months/2026-11"
    for patient in (clinic.patient, clinic.other):
        assert as_role("biller").post(f"/patients/{patient}/months/2026-11", do="close")
    clinic.clock.advance(days=11 * 366)
    approved = Approved(by="Ada", author=clinic.staff["admin"], at_ms=clinic.clock())
    eraser.erase(clinic.config, clinic.store, approved, clinic.clock)
    person = as_role("biller")
    text = words(person.get(page).text)
    assert "2026-11: ∅ erased under retention" in text
    assert "What 2026 held was erased under retention on" in text
    assert person.post(page, do="reopen", reason="Curious").status_code == 409
    overview = words(person.get(f"/patients/{clinic.patient}").text)
    assert "This patient's file was erased under retention on" in overview
    assert "Erased record" in person.get("/patients").text
    assert "new</a>" not in person.get("/patients").text, "nothing of it waits for review"
    assert "∅ erased" in person.get("/closing?month=2026-11").text


def erase(as_role: SignIn, clinic: Seeded) -> str:
    """Rosa's month is closed and signed; eleven years on, her file goes. Returns the date."""
    clinic.clock.advance(days=8)
    practitioner(clinic)
    for patient in (clinic.patient, clinic.other):
        as_role("biller").post(f"/patients/{patient}/months/2026-11", do="close")
    with clinic.store.read() as db:
        (version,) = snapshots.versions(db, clinic.patient, "2026-11")
    page = f"/patients/{clinic.patient}/months/2026-11"
    signed = as_role("clinician").post(page, do="sign", digest=version.digest.hex())
    assert signed.status_code == 303
    shown = as_role("biller").get(page).text
    assert "none is billable" in shown
    assert f"{page}/release" not in shown, "no button that can only be refused"
    clinic.clock.advance(days=11 * 366)
    approved = Approved(by="Ada", author=clinic.staff["admin"], at_ms=clinic.clock())
    eraser.erase(clinic.config, clinic.store, approved, clinic.clock)
    return f"{local(clinic.clock(), 'America/Denver'):%Y-%m-%d}"


def practitioner(clinic: Seeded) -> None:
    with clinic.store.write() as db:
        staff_details.record(
            db,
            clinic.staff["clinician"],
            {"billing_role": "practitioner"},
            effective_from=staff_details.utc_day(clinic.clock()),
            reason="licensed as a nurse practitioner",
            author=clinic.staff["admin"],
            at_ms=clinic.clock(),
        )


def test_who_signed_an_erased_month_is_kept_and_no_page_offers_what_is_refused(
    as_role: SignIn, clinic: Seeded
) -> None:
    on, person = erase(as_role, clinic), as_role("admin")
    listed = words(person.get("/closing?month=2026-11&only=erased").text)
    assert f"Erased under retention on {on}; who signed it when is kept: Nia Okafor RN" in listed
    page = words(person.get(f"/patients/{clinic.patient}/months/2026-11").text)
    assert "Who signed it when is kept below." in page
    assert "Nia Okafor RN, Wed 02 Dec 2026" in page
    never = f"/patients/{clinic.patient}/months/2026-12"
    assert "It was never closed." in person.get(never).text
    assert "∅ erased" in person.get("/closing?month=2026-12").text
    tabs = ("", "/review", "/alerts", "/time", "/file", "/months/2026-11", "/months/2026-12")
    for tab in tabs:
        shown = person.get(f"/patients/{clinic.patient}{tab}")
        assert shown.status_code == 200
        forms = set(re.findall(r'<form method="post" action="([^"]+)"', shown.text))
        assert forms == {"/sign-out"}, tab
        assert "file was erased under retention on" in words(shown.text), tab
    assert person.get("/self-audit").status_code == 200
    assert person.get("/self-audit?since=2026-11&until=2026-12").status_code == 200


def test_only_whoever_may_sign_is_offered_it_and_others_are_told_who(
    as_role: SignIn, clinic: Seeded
) -> None:
    clinic.clock.advance(days=8)
    page = f"/patients/{clinic.patient}/months/2026-11"
    assert as_role("biller").post(page, do="close").status_code == 303
    for role in ("clinician", "biller", "auditor", "reader"):
        shown = words(as_role(role).get(page).text)
        assert "no account that may close months is one today" in shown, role
        assert "Sign as" not in shown, role
    practitioner(clinic)
    with clinic.store.write() as db:
        closing.close(db, clinic.patient, "2026-11", author="0" * 32, at_ms=clinic.clock())
    assert "Sign as Nia Okafor RN" in words(as_role("clinician").get(page).text)
    assert f'href="{page}"' in as_role("auditor").get(f"/patients/{clinic.patient}").text
    assert f'href="{page}"' not in as_role("auditor").get(f"/patients/{clinic.other}").text
    for role in ("biller", "admin", "auditor", "reader"):
        shown = words(as_role(role).get(page).text)
        assert "Only a practitioner signs a month, here Nia Okafor RN." in shown, role
        assert "Sign as" not in shown, role
        assert "I have reviewed the days" in shown, "what is signed is hidden from nobody"
    with clinic.store.write() as db:
        staff.disable(db, "nia", clinic.clock())
    assert "is one today" in words(as_role("auditor").get(page).text)


def test_the_worklist_is_by_state(as_role: SignIn, clinic: Seeded) -> None:
    clinic.clock.advance(days=8)
    person, page = as_role("clinician"), f"/patients/{clinic.patient}/months/2026-11"
    assert person.post(page, do="close").status_code == 303
    ready = words(person.get("/closing?month=2026-11&only=ready").text)
    assert "▲ ready to sign (1)" in ready
    assert "○ not closed (1)" in ready
    assert "Rosa Alvarez" in ready
    assert "Walter Nguyen" not in ready
    assert "month is in this state" in person.get("/closing?only=signed").text
    assert person.get("/closing?only=dancing").status_code == 409
