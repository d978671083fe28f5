"""Every request passes here before its handler: who is it, may they, did their own page send it.

Default deny: a route that names no permission is refused for everybody.
"""

import re
from secrets import compare_digest
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.exceptions import (
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
)
from litestar.handlers import BaseRouteHandler

from cloud_sync.ledger import audit, sessions
from cloud_sync.ledger.sessions import Session
from cloud_sync.web.counter import counter_of
from cloud_sync.web.permissions import OPEN, SHOWS_PATIENTS, Permission, allowed

COOKIE = "__Host-sid"
FORM_TOKEN = "form_token"  # noqa: S105 - a field's name
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ID = re.compile(r"[0-9a-f]{32}")
Connection = ASGIConnection[Any, Any, Any, Any]


async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
    """Authenticate, authorise, check the form token, write the read log."""
    permission = handler.opt.get("permission")
    if not isinstance(permission, Permission):
        raise PermissionDeniedException("This address is not open to anybody.")
    if permission is Permission.MACHINE:
        return
    method = connection.scope.get("method", "GET")
    if method not in _SAFE:
        _check_origin(connection)
    if permission in OPEN:
        return
    session = await sync_to_thread(_session, connection)
    if session is None:
        raise NotAuthorizedException("Sign in first.")
    connection.scope["auth"] = session
    if not allowed(session.role, permission):
        raise PermissionDeniedException("Your role does not include this.")
    if method not in _SAFE:
        await _check_form_token(connection, session)
    patient_id = _patient_id(connection)
    logs = permission in SHOWS_PATIENTS and handler.opt.get("read_log", True)
    await sync_to_thread(_note, connection, session, patient_id, logs)


def _session(connection: Connection) -> Session | None:
    counter = counter_of(connection)
    token = connection.cookies.get(COOKIE)
    if not token:
        return None
    with counter.store.read() as db:
        return sessions.find(db, token, counter.clock())


def _check_origin(connection: Connection) -> None:
    """The browser says the request came from our own page, or its Origin is our own address."""
    site = connection.headers.get("sec-fetch-site")
    origin = connection.headers.get("origin")
    same = site == "same-origin" if site else _is_own(origin, connection.headers.get("host"))
    if not same:
        raise PermissionDeniedException("This request did not come from the clinic's own page.")


def _is_own(origin: str | None, host: str | None) -> bool:
    return bool(origin) and bool(host) and urlsplit(origin).netloc == host


async def _check_form_token(connection: Connection, session: Session) -> None:
    assert isinstance(connection, Request)
    form = await connection.form()
    given = form.get(FORM_TOKEN)
    if not isinstance(given, str) or not compare_digest(
        given.encode(), session.form_token.encode()
    ):
        raise PermissionDeniedException("The page was out of date: load it again, then repeat.")


def _patient_id(connection: Connection) -> str | None:
    """The patient in the address; one that cannot be an id is not looked up at all."""
    given = connection.path_params.get("patient_id")
    if given is not None and not _ID.fullmatch(str(given)):
        raise NotFoundException("There is no such patient.")
    return given


def _note(connection: Connection, session: Session, patient_id: str | None, logs: bool) -> None:
    """Write the read log, and push the idle limit out where a person is at work.

    A page that refreshes itself (destination `empty`) keeps nobody signed in.
    """
    counter = counter_of(connection)
    now = counter.clock()
    person = connection.headers.get("sec-fetch-dest") != "empty"
    touches = person and sessions.needs_touch(session, now)
    if not (logs or touches):
        return
    route = f"{connection.scope.get('method')} {connection.scope['path_template']}"
    with counter.store.write() as db:
        if logs:
            audit.record(
                db, staff_id=session.staff_id, patient_id=patient_id, route=route, at_ms=now
            )
        if touches:
            sessions.touch(db, session, now)
