"""A training practice's pages: the banner, a case from its beginning to a reviewer's words."""

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cloud_sync.ledger import sessions, training
from cloud_sync.web.guards import COOKIE
from tests.cloud_sync.web.conftest import Person, SignIn, open_browser, words
from tests.support import seeded
from tests.support.seeded import Hand, Seeded


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A training practice with its staff; nothing begun."""
    directory = tmp_path_factory.mktemp("school")
    store = seeded.open_empty(directory)
    with store.write() as db:
        training.mark(db, seeded.NOW_MS)
    accounts = seeded.add_staff(store)
    yield Seeded(
        store=store,
        config=seeded.config_for(directory),
        clock=Hand(),
        staff=accounts,
        patient="",
        other="",
    )
    store.close()


@pytest.fixture
def at_school(school: Seeded) -> Iterator[SignIn]:
    stack = ExitStack()

    def sign_in(role: str) -> Person:
        with school.store.write() as db:
            opened = sessions.open_session(
                db, staff_id=school.staff[role], at_ms=school.clock(), replaces=None
            )
        client = stack.enter_context(open_browser(school))
        client.cookies.set(COOKIE, opened.token)
        return Person(client, opened.form_token)

    with stack:
        yield sign_in


def begin(trainee: Person, scenario: str) -> tuple[str, str]:
    """The case's address and its patient's."""
    answer = trainee.post("/training", scenario=scenario)
    assert answer.status_code == 303
    case = answer.headers["location"]
    link = re.search(r'href="(/patients/[0-9a-f]{32})/review"', trainee.get(case).text)
    assert link
    return case, link[1]


def test_every_page_says_that_this_is_training(at_school: SignIn, nurse: Person) -> None:
    trainee = at_school("clinician")
    case, patient = begin(trainee, "voicemail-only")
    for path in ("/patients", patient, f"{patient}/review", f"{patient}/time", f"{patient}/file",
                 "/training", case, "/account", "/closing", "/nothing-here"):  # fmt: skip
        assert "TRAINING - NOT FOR BILLING" in trainee.get(path).text, path
    trainee.client.cookies.clear()
    assert "TRAINING - NOT FOR BILLING" in trainee.get("/sign-in").text
    assert "TRAINING" not in nurse.get("/patients").text


def test_a_case_from_its_beginning_to_a_reviewers_words(at_school: SignIn, school: Seeded) -> None:
    trainee, boss = at_school("clinician"), at_school("admin")
    case, patient = begin(trainee, "vague-note")
    trainee.post(f"{patient}/clock/start", program="RPM")
    page = trainee.get(f"{patient}/review").text
    seen = re.findall(r'name="reviewed" value="([0-9a-f]{64})"', page)
    assert len(seen) == 3
    school.clock.advance(minutes=6)
    trainee.post(
        f"{patient}/clock/stop",
        activity="Reviewed readings and trends",
        note="Readings came down since the dose was changed; decided to keep it as it is",
        mode="none",
        reviewed=seen,
    )
    text = words(trainee.get(case).text)
    assert "✓ Nothing is missing" in text
    assert "The readings it worked on are linked." in text
    assert "Your mark" not in text
    assert trainee.post(case, verdict="sound", words="I like my own").status_code == 403
    assert boss.post(case, verdict="sound", words="no").status_code == 409
    assert boss.post(case, verdict="needs_work", words="Say which dose").status_code == 303
    assert "▲ needs work Say which dose Ada Lindqvist" in words(trainee.get(case).text)
    assert "Everybody" in words(boss.get("/training").text)
    with school.store.read() as db:
        assert not training.cases(db, school.staff["admin"])


def test_nothing_here_leads_to_a_claim(at_school: SignIn, school: Seeded) -> None:
    trainee = at_school("clinician")
    _, patient = begin(trainee, "rpm-alert-call")
    school.clock.advance(days=40)
    trainee = at_school("clinician")
    refused = trainee.post(f"{patient}/months/2026-11", do="close")
    assert refused.status_code == 409
    assert "TRAINING - NOT FOR BILLING" in refused.text
    assert "/closing" not in trainee.get("/patients").text


def test_a_real_practice_has_no_cases(nurse: Person, as_role: SignIn) -> None:
    assert "no training practice" in nurse.get("/training").text
    assert nurse.post("/training", scenario="vague-note").status_code == 409
    assert "/training" not in nurse.get("/patients").text
    assert as_role("reader").get("/training").status_code == 403


def test_a_case_is_its_trainees_and_the_reviewers(at_school: SignIn) -> None:
    case, _ = begin(at_school("admin"), "consent-conversation")
    assert "another trainee" in at_school("clinician").get(case).text
    own = words(at_school("admin").get(case).text)
    assert "Your mark" not in own
    assert "Not on file: a verbal, documented consent to CCM" in own
