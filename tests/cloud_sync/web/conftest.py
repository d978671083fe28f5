"""A seeded clinic for each test, copied from one that is built once, and browsers of its staff."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from cloud_sync import stores
from cloud_sync.ledger import sessions
from cloud_sync.web.app import build_app
from cloud_sync.web.guards import COOKIE
from tests.support import seeded
from tests.support.seeded import Seeded

Browser = TestClient[Litestar]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """Built once; its database is closed and copied."""
    built = seeded.build(tmp_path_factory.mktemp("seeded"))
    built.store.close()
    return built


@pytest.fixture
def clinic(template: Seeded, tmp_path: Path) -> Iterator[Seeded]:
    """A clinic of this test's own."""
    yield from copied(template, tmp_path)


def copied(template: Seeded, tmp_path: Path) -> Iterator[Seeded]:
    """A copy of the template, open until the test ends."""
    config = seeded.config_for(tmp_path)
    shutil.copy(template.config.directory / "clinic.db", tmp_path / "clinic.db")
    shutil.copytree(template.config.keys, tmp_path / "keys")
    store = stores.open_own(config)
    yield replace(template, config=config, store=store, clock=seeded.Hand())
    store.close()


@pytest.fixture
def app(clinic: Seeded) -> Litestar:
    """The application over it."""
    return build_app(store=clinic.store, config=clinic.config, clock=clinic.clock)


class Person:
    """Somebody at a browser: sends what a browser sends, and the form token with each form."""

    def __init__(self, client: Browser, form_token: str) -> None:
        self.client = client
        self.form_token = form_token

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, follow_redirects=False, **options)

    def post(self, path: str, **fields: Any) -> Any:
        fields.setdefault("form_token", self.form_token)
        return self.client.post(
            path, data=fields, headers={"sec-fetch-site": "same-origin"}, follow_redirects=False
        )


SignIn = Callable[[str], Person]


@pytest.fixture
def stranger(clinic: Seeded) -> Iterator[Browser]:
    """A browser that nobody has signed in with."""
    with open_browser(clinic) as client:
        yield client


@pytest.fixture
def as_role(clinic: Seeded) -> Iterator[SignIn]:
    """Sessions by role; opened in the database, since a password costs a tenth of a second."""
    stack = ExitStack()

    def sign_in(role: str) -> Person:
        with clinic.store.write() as db:
            opened = sessions.open_session(
                db, staff_id=clinic.staff[role], at_ms=clinic.clock(), replaces=None
            )
        client = stack.enter_context(open_browser(clinic))
        client.cookies.set(COOKIE, opened.token)
        return Person(client, opened.form_token)

    with stack:
        yield sign_in


@pytest.fixture
def nurse(as_role: SignIn) -> Person:
    """A clinician at the browser."""
    return as_role("clinician")


def words(html: str) -> str:
    """What a page says, without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


NOTE = "Went through the week with the patient and kept the plan."


def open_browser(clinic: Seeded) -> Browser:
    """Asks for pages, as a browser does that goes somewhere.

    Each has an application of its own: two test clients of one wait for each other at their end.
    """
    app = build_app(store=clinic.store, config=clinic.config, clock=clinic.clock)
    client = TestClient(app, base_url="https://clinic.test")
    client.headers["accept"] = "text/html,application/xhtml+xml"
    return client
