"""Sessions as a browser meets them, by an injected clock."""

import pytest
from sqlalchemy import select

from cloud_sync.ledger import staff
from cloud_sync.ledger.sessions import token_hash
from cloud_sync.ledger.tables import session, sign_in_attempt
from cloud_sync.web.guards import COOKIE
from tests.cloud_sync.web.conftest import Browser, SignIn
from tests.support import seeded
from tests.support.seeded import Seeded

SAME = {"sec-fetch-site": "same-origin"}


def sign_in(browser: Browser, password: str = seeded.PASSWORD, username: str = seeded.NURSE) -> int:
    answer = browser.post(
        "/sign-in",
        data={"username": username, "password": password},
        headers=SAME,
        follow_redirects=False,
    )
    return answer.status_code


def test_signing_in_and_out(stranger: Browser, clinic: Seeded) -> None:
    assert sign_in(stranger, "wrong wrong wrong wrong") == 401
    assert sign_in(stranger, username="nobody") == 401
    assert stranger.cookies.get(COOKIE) is None
    answer = stranger.post(
        "/sign-in",
        data={"username": seeded.NURSE, "password": seeded.PASSWORD},
        headers=SAME,
        follow_redirects=False,
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-sid=")
    for attribute in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert stranger.get("/patients", follow_redirects=False).status_code == 200
    with clinic.store.read() as db:
        token = db.execute(select(session.c.form_token)).scalar_one()
    gone = stranger.post(
        "/sign-out", data={"form_token": token}, headers=SAME, follow_redirects=False
    )
    assert gone.headers["clear-site-data"] == '"cache", "cookies", "storage"'
    stranger.cookies.set(COOKIE, cookie.split("=")[1].split(";")[0])
    assert stranger.get("/patients", follow_redirects=False).status_code == 303


def test_a_token_that_the_browser_brought_is_never_adopted(
    stranger: Browser, clinic: Seeded
) -> None:
    stranger.cookies.set(COOKIE, "attacker-chosen")
    assert sign_in(stranger) == 303
    with clinic.store.read() as db:
        kept = db.execute(select(session)).one()
    assert kept.staff_id == clinic.staff["clinician"]
    assert kept.token_hash != token_hash("attacker-chosen")


def test_too_many_guesses_wait_even_with_the_right_password(
    stranger: Browser, clinic: Seeded
) -> None:
    for _ in range(5):
        assert sign_in(stranger, "wrong wrong wrong wrong") == 401
    assert sign_in(stranger) == 429
    clinic.clock.advance(seconds=16)
    assert sign_in(stranger) == 303
    with clinic.store.read() as db:
        kept = repr(db.execute(select(sign_in_attempt)).all())
    assert seeded.NURSE not in kept


def test_idle_ends_a_session_and_work_prolongs_it(clinic: Seeded, as_role: SignIn) -> None:
    person = as_role("reader")
    for _ in range(3):
        clinic.clock.advance(minutes=14)
        assert person.get("/patients").status_code == 200
    clinic.clock.advance(minutes=15)
    answer = person.get("/patients")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(
    clinic: Seeded, as_role: SignIn
) -> None:
    person = as_role("reader")
    statuses = []
    for _ in range(4):
        clinic.clock.advance(minutes=5)
        statuses.append(person.get("/pulse", headers={"sec-fetch-dest": "empty"}).status_code)
    assert statuses == [200, 200, 401, 401]


def test_twelve_hours_end_it_in_any_case(clinic: Seeded, as_role: SignIn) -> None:
    person = as_role("reader")
    for _ in range(71):
        clinic.clock.advance(minutes=10)
        assert person.get("/").status_code == 303
        assert person.get("/account").status_code == 200
    clinic.clock.advance(minutes=10)
    assert person.get("/account").status_code == 303


def test_a_disabled_account_is_out_at_once(clinic: Seeded, as_role: SignIn) -> None:
    person = as_role("clinician")
    with clinic.store.write() as db:
        staff.disable(db, seeded.NURSE, clinic.clock())
    assert person.get("/patients").status_code == 303


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "https://clinic.test"}, True),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://clinic.test"}, False),
        ({"origin": "https://clinic.test.evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_who_may_send_a_form(stranger: Browser, headers: dict[str, str], *, passes: bool) -> None:
    answer = stranger.post("/sign-in", data={"username": "x", "password": "y"}, headers=headers)
    assert answer.status_code == (401 if passes else 403)


@pytest.mark.parametrize("where", ["0" * 31, "A" * 32, "g" * 32, "..%2f", "0" * 33])
def test_an_address_that_is_no_id_is_not_looked_up(as_role: SignIn, where: str) -> None:
    assert as_role("reader").get(f"/patients/{where}").status_code == 404


def test_somebody_elses_form_token_is_worth_nothing(as_role: SignIn) -> None:
    one, other = as_role("admin"), as_role("admin")
    answer = one.post("/patients", name="X", zone="UTC", form_token=other.form_token)
    assert answer.status_code == 403
