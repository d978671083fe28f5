"""Signing in and out, and one's own password."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from cloud_sync.ledger import sessions, sign_in, staff
from cloud_sync.ledger.refused import Refused
from cloud_sync.web import words
from cloud_sync.web.counter import Page, SignedIn, Visit, bare_page, counter_of
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.guards import COOKIE
from cloud_sync.web.permissions import Permission

_WRONG = "User name or password is not right."


@get("/", opt={"permission": Permission.OWN_ACCOUNT}, sync_to_thread=False)
def home() -> Redirect:
    """The work list is home."""
    return Redirect("/patients", status_code=303)


@get("/sign-in", opt={"permission": Permission.PUBLIC}, sync_to_thread=True)
def sign_in_page(request: Request[Any, Any, Any]) -> Page:
    """The form."""
    return bare_page(counter_of(request), "sign_in.html", problem=None, username="")


@post("/sign-in", opt={"permission": Permission.PUBLIC}, sync_to_thread=True)
def submit_sign_in(form: Filled, request: Request[Any, Any, Any]) -> Response[Any]:
    """Check the password; a new token each time."""
    counter, brought = counter_of(request), request.cookies.get(COOKIE)
    address = request.client.host if request.client else ""
    username, password = form.text("username")[:64], form.raw("password")
    now = counter.clock()
    with counter.store.write() as db:
        number = sign_in.begin(db, username=username, address=address, at_ms=now)
    if number < 0:
        wait = words.duration(-number // 1000 + 1)
        text = f"Too many attempts. Wait {wait}, then try again."
        return bare_page(counter, "sign_in.html", status=429, problem=text, username=username)
    with counter.store.read() as db:
        staff_id = staff.verify(db, username, password)
    if staff_id is None:
        return bare_page(counter, "sign_in.html", status=401, problem=_WRONG, username=username)
    with counter.store.write() as db:
        sign_in.succeed(db, number)
        opened = sessions.open_session(db, staff_id=staff_id, at_ms=now, replaces=brought)
    return Redirect("/patients", status_code=303, cookies=[_cookie(opened.token)])


@post("/sign-out", opt={"permission": Permission.OWN_ACCOUNT}, sync_to_thread=True)
def sign_out(visit: SignedIn, request: Request[Any, Any, Any]) -> Redirect:
    """End the session; the browser forgets what it kept of this site."""
    with visit.store.write() as db:
        sessions.close(db, request.cookies[COOKIE])
    return Redirect(
        "/sign-in",
        status_code=303,
        cookies=[_cookie("", max_age=0)],
        headers={"Clear-Site-Data": '"cache", "cookies", "storage"'},
    )


def _cookie(token: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=token,
        path="/",
        secure=True,
        httponly=True,
        samesite="strict",
        max_age=max_age,
    )


@get("/account", opt={"permission": Permission.OWN_ACCOUNT}, sync_to_thread=True)
def account_page(visit: SignedIn) -> Page:
    """One's own password."""
    return visit.page("account.html", problem=None)


@post("/account/password", opt={"permission": Permission.OWN_ACCOUNT}, sync_to_thread=True)
def change_password(visit: SignedIn, form: Filled) -> Response[Any]:
    """A new password ends every session of the account, this one too."""
    try:
        _set_password(visit, form)
    except Refused as problem:
        return visit.page("account.html", status=409, problem=str(problem))
    return Redirect("/sign-in", status_code=303, cookies=[_cookie("", max_age=0)])


def _set_password(visit: Visit, form: Form) -> None:
    username = visit.session.username
    with visit.store.read() as db:
        known = staff.verify(db, username, form.raw("current"))
    if known is None:
        raise Refused("The current password is not right.")
    if form.raw("new") != form.raw("again"):
        raise Refused("The two new passwords differ.")
    with visit.store.write() as db:
        staff.set_password(db, username, form.raw("new"))


HANDLERS = (home, sign_in_page, submit_sign_in, sign_out, account_page, change_password)
