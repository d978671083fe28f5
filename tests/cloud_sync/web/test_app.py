"""Every route of the application, against every role, with and without what it asks for."""

import re
from collections.abc import Iterator

import pytest
from litestar import Litestar, Router, get, post
from litestar.params import RawBody
from litestar.routes import HTTPRoute
from sqlalchemy import delete, func, select

from cloud_sync.ledger.staff import ROLES
from cloud_sync.ledger.tables import read_log
from cloud_sync.web.app import build_app
from cloud_sync.web.headers import ALWAYS
from cloud_sync.web.permissions import OPEN, SHOWS_PATIENTS, Permission, allowed
from tests.cloud_sync.web.conftest import Browser, SignIn
from tests.support.seeded import Seeded

_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


def routes(app: Litestar) -> Iterator[tuple[str, str, object, bool]]:
    """Method, path pattern, permission and whether it writes the read log, of each handler."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                    logs = bool(handler.opt.get("read_log", True))
                    yield method, route.path, handler.opt.get("permission"), logs


def address(path: str, clinic: Seeded) -> str:
    """A pattern with this clinic's values."""
    path = path.replace("{patient_id:str}", clinic.patient).replace("{alarm_id:int}", "1")
    path = path.replace("{assignment_id:str}", "f" * 32).replace("{month:str}", "2026-10")
    return re.sub(r"\{file_path:path\}", "style.css", path)


def test_every_route_names_a_permission(app: Litestar) -> None:
    found = list(routes(app))
    assert len(found) > 25
    assert all(isinstance(permission, Permission) for _, _, permission, _ in found)


def test_a_stranger_reaches_the_sign_in_and_the_styles_only(
    app: Litestar, clinic: Seeded, stranger: Browser
) -> None:
    for method, path, permission, _ in routes(app):
        answer = stranger.request(
            method,
            address(path, clinic),
            headers={"sec-fetch-site": "same-origin"},
            follow_redirects=False,
        )
        if permission in OPEN:
            assert answer.status_code in {200, 401}, (method, path)
        else:
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"] == "/sign-in"
            assert "Rosa" not in answer.text


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_each_role_gets_what_it_is_granted_and_nothing_else(
    role: str,
    app: Litestar,
    clinic: Seeded,
    as_role: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sqlalchemy import insert

    from cloud_sync.ledger.tables import staff

    if role == "nobody":  # a role that no table knows
        monkeypatch.setitem(clinic.staff, role, "e" * 32)
        row = {"id": "e" * 32, "username": role, "full_name": "No Body", "role": role}
        row |= {"billing_role": "non_clinical", "password_hash": ""}
        with clinic.store.write() as db:
            db.execute(insert(staff).values(row | {"created_at_ms": clinic.clock()}))
    person = as_role(role)
    for method, path, permission, _ in routes(app):
        assert isinstance(permission, Permission)
        if permission in OPEN or path == "/sign-out":
            continue
        send = person.get if method == "GET" else person.post
        answer = send(address(path, clinic))
        if allowed(role, permission):
            assert answer.status_code in {200, 303, 409}, (role, method, path, answer.text)
        else:
            assert answer.status_code == 403, (role, method, path)
            assert "Rosa" not in answer.text


def test_every_unsafe_route_refuses_a_foreign_page_and_a_missing_token(
    app: Litestar, clinic: Seeded, as_role: SignIn
) -> None:
    person = as_role("admin")
    tried = 0
    for method, path, permission, _ in routes(app):
        if method not in _UNSAFE or permission is Permission.MACHINE:
            continue
        tried += 1
        for headers, token in (
            ({"sec-fetch-site": "cross-site"}, person.form_token),
            ({"sec-fetch-site": "same-site"}, person.form_token),
            ({"origin": "https://evil.test"}, person.form_token),
            ({}, person.form_token),
            ({"sec-fetch-site": "same-origin"}, ""),
            ({"sec-fetch-site": "same-origin"}, person.form_token[:-1] + "~"),
        ):
            if permission in OPEN and "same-origin" in headers.values():
                continue  # before sign-in there is no token yet
            answer = person.client.request(
                method, address(path, clinic), data={"form_token": token}, headers=headers
            )
            assert answer.status_code == 403, (method, path, headers)
    assert tried > 10


def test_every_answer_carries_the_headers(
    app: Litestar, clinic: Seeded, as_role: SignIn, stranger: Browser
) -> None:
    person = as_role("admin")
    answers = [stranger.get("/sign-in"), stranger.get("/static/style.css"), stranger.get("/nope")]
    answers += [stranger.get("/patients", follow_redirects=False), stranger.put("/patients")]
    answers += [
        person.get(address(path, clinic)) for method, path, _, _ in routes(app) if method == "GET"
    ]
    for answer in answers:
        for name, value in ALWAYS.items():
            assert answer.headers[name] == value, (answer.url, name)
        static = answer.url.path.startswith("/static")
        assert answer.headers["cache-control"] == ("no-cache" if static else "no-store")


def test_every_view_of_patient_data_leaves_a_row(
    app: Litestar, clinic: Seeded, as_role: SignIn
) -> None:
    person = as_role("admin")
    seen = 0
    for method, path, permission, logs in routes(app):
        if method != "GET" or permission in OPEN:
            continue
        with clinic.store.write() as db:
            before = db.execute(select(func.count()).select_from(read_log)).scalar_one()
        answer = person.get(address(path, clinic))
        with clinic.store.read() as db:
            rows = db.execute(select(read_log).order_by(read_log.c.id).offset(before)).all()
        shows = permission in SHOWS_PATIENTS and logs
        assert len(rows) == (1 if shows else 0), path
        if "Rosa" in answer.text:
            assert shows, path
        if rows:
            seen += 1
            assert rows[0].staff_id == clinic.staff["admin"]
            assert rows[0].patient_id == (clinic.patient if "patient_id" in path else None)
            assert clinic.patient not in rows[0].route
    assert seen > 7


def test_no_page_has_code_or_style_in_line(app: Litestar, clinic: Seeded, as_role: SignIn) -> None:
    person = as_role("admin")
    for method, path, permission, _ in routes(app):
        if method != "GET" or permission in OPEN:
            continue
        html = person.get(address(path, clinic)).text
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html), path
        assert re.findall(r"<script[^>]*>(?!</script>)", html) == [], path


def test_there_are_no_api_pages(stranger: Browser) -> None:
    assert [stranger.get(path).status_code for path in ("/schema", "/schema/openapi.json")] == [
        404,
        404,
    ]


def test_a_mounted_router_needs_no_session_and_no_page(clinic: Seeded) -> None:
    from litestar.testing import TestClient

    @post("/", status_code=200, sync_to_thread=False)
    def enrol(body: RawBody) -> bytes:
        return body[::-1]

    @get("/ca.pem", sync_to_thread=False)
    def authority() -> str:
        return "PEM"

    router = Router(path="/enrol", route_handlers=[enrol, authority])
    app = build_app(store=clinic.store, config=clinic.config, clock=clinic.clock, routers=[router])
    with TestClient(app, base_url="https://clinic.test") as hub:
        assert hub.post("/enrol", content=b"abc").content == b"cba"
        answer = hub.get("/enrol/ca.pem")
        assert answer.text == "PEM"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert hub.get("/enrol/other").headers["content-type"] == "application/json"


def test_the_read_log_cannot_be_thinned_out(clinic: Seeded, as_role: SignIn) -> None:
    from sqlalchemy.exc import DatabaseError

    as_role("reader").get("/patients")
    with pytest.raises(DatabaseError), clinic.store.write() as db:
        db.execute(delete(read_log))
