"""Releasing months at the browser, and what a late fact makes of it."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from cloud_sync.ledger import closing, release_rows, reopening, snapshots, staff_details
from cloud_sync.ledger.release_rows import Release
from tests.cloud_sync.ledger.records import work
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support.seeded import DAY_MS, NOW_MS, Seeded

MONTH = "2026-11"
LATE = {"entered_at_ms": NOW_MS + 7 * DAY_MS}  # so long after the work that a person must decide


@pytest.fixture
def signed(clinic: Seeded) -> Seeded:
    """Rosa's November is closed and signed by a practitioner: 20 minutes, and 20 late ones."""
    clinic.clock.advance(days=8)
    with clinic.store.write() as db:
        staff_details.record(
            db, clinic.staff["admin"], {"billing_role": "practitioner"},
            effective_from=date(2026, 1, 1), reason="licensed", author=clinic.staff["admin"],
            at_ms=clinic.clock(),
        )  # fmt: skip
    mine: dict[str, Any] = {"patient_id": clinic.patient, "staff_id": clinic.staff["clinician"]}
    work(clinic.store, "2026-11-20T09:00:00-07:00", "2026-11-20T09:21:00-07:00", **mine)
    work(clinic.store, "2026-11-21T09:00:00-07:00", "2026-11-21T09:20:00-07:00", **mine, **LATE)
    sign(clinic)
    return clinic


def sign(clinic: Seeded) -> None:
    who, at_ms = clinic.staff["admin"], clinic.clock()
    with clinic.store.write() as db:
        shown = closing.close(db, clinic.patient, MONTH, author=who, at_ms=at_ms).snapshot
        assert shown is not None
        digest = shown.digest.hex()
        closing.sign(db, clinic.patient, MONTH, digest=digest, staff_id=who, at_ms=at_ms)


def shown_digest(clinic: Seeded) -> str:
    with clinic.store.read() as db:
        found = snapshots.latest(db, clinic.patient, MONTH)
    assert found is not None
    return found.digest.hex()


def releases(clinic: Seeded) -> list[Release]:
    with clinic.store.read() as db:
        return release_rows.of_patient(db, clinic.patient, MONTH)


def test_a_biller_releases_and_sees_that_it_changed(as_role: SignIn, signed: Seeded) -> None:
    biller, page = as_role("biller"), f"/patients/{signed.patient}/months/{MONTH}"
    text = words(biller.get(page).text)
    assert "Release to billing" in text
    assert "99458 from 2026-11-01 waits for a person" in text
    assert "Release to billing" not in words(as_role("clinician").get(page).text)
    assert biller.post(f"{page}/release", digest="00" * 32).status_code == 409
    chosen = {"99458/2026-11-01": "The call is in the phone log"}
    sent = biller.post(f"{page}/release", digest=shown_digest(signed), **chosen)
    assert sent.status_code == 303
    (made,) = releases(signed)
    assert (made.author, made.stands) == (signed.staff["biller"], True)
    assert {one.code: one.decision for one in made.lines} == {
        "99457": None,
        "99458": "The call is in the phone log",
    }
    text = words(biller.get(page).text)
    assert "✓ released to billing" in text
    assert "99458: The call is in the phone log" in text
    again = biller.post(f"{page}/release", digest=shown_digest(signed))
    assert (again.status_code, "released already" in again.text) == (409, True)
    mine = {"patient_id": signed.patient, "staff_id": signed.staff["clinician"]}
    work(signed.store, "2026-11-22T09:00:00-07:00", "2026-11-22T09:05:00-07:00", **mine)
    for opened in (False, True):  # before and after the clinic opens the month by itself
        if opened:
            with signed.store.write() as db:
                reopening.settled(db, signed.patient, MONTH, signed.clock())
        for where in (page, f"/closing?month={MONTH}"):
            assert "then changed: correct the claim" in words(biller.get(where).text), where
    (voided,) = releases(signed)
    assert not voided.stands
    assert f"correct the claim. {voided.void_reason}" in words(biller.get(page).text)


def test_all_signed_months_at_once_and_their_list(as_role: SignIn, signed: Seeded) -> None:
    biller = as_role("biller")
    page, button = f"/closing?month={MONTH}", "Release 1 signed month to billing"
    assert button in words(biller.get(page).text)
    assert button not in words(as_role("reader").get(page).text)
    assert button not in words(biller.get("/closing?month=2026-10").text)
    assert biller.post("/closing/release", month="November").status_code == 409
    said = words(biller.post("/closing/release", month=MONTH).text)
    assert "1 month released." in said
    assert "0 months released." in words(biller.post("/closing/release", month=MONTH).text)
    assert button not in words(biller.get(page).text)
    (made,) = releases(signed)
    assert [one.code for one in made.lines] == ["99457"], "what needs a person stays behind"
    sent = biller.get(f"/closing/charges.csv?month={MONTH}")
    assert sent.headers["content-type"].startswith("text/csv")
    (line,) = csv.DictReader(io.StringIO(sent.text, newline=""))
    assert (line["release"], line["code"], line["record number"]) == (made.id, "99457", "MR-1001")
