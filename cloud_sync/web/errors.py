"""Turns what goes wrong into an answer that helps the person and tells a stranger nothing."""

import logging
import traceback
from typing import Any

from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect

from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.sessions import Session
from cloud_sync.web.counter import Visit, bare_page, counter_of

_log = logging.getLogger(__name__)
_Request = Request[Any, Any, Any]
_WORDS = {
    400: "The form was not complete: go back and try again.",
    404: "There is nothing at this address.",
    405: "This address cannot be used that way.",
    413: "That was too much at once.",
}


def refused(request: _Request, error: Refused) -> Response[Any]:
    """The ledger said no, in words for the person."""
    return _answer(request, 409, str(error))


def http(request: _Request, error: HTTPException) -> Response[Any]:
    """An error of the protocol; a page that needs an account leads to the sign-in."""
    if isinstance(error, NotAuthorizedException) and _wants_page(request):
        return Redirect("/sign-in", status_code=303)
    status = error.status_code
    if status in (401, 403):
        return _answer(request, status, error.detail)
    return _answer(request, status, _WORDS.get(status, "The request could not be served."))


def unexpected(request: _Request, error: Exception) -> Response[Any]:
    """A fault of ours. The log gets the place, never the message: it may quote a patient's data."""
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s at %s\n%s", type(error).__name__, request.scope.get("path_template"), place)
    return _answer(request, 500, "Something failed here; it has been logged. Try again.")


def _wants_page(request: _Request) -> bool:
    """A browser going somewhere; scripts and hubs get JSON."""
    background = request.headers.get("sec-fetch-dest") == "empty"
    return not background and "text/html" in request.headers.get("accept", "")


def _answer(request: _Request, status: int, text: str) -> Response[Any]:
    if not _wants_page(request):
        return Response({"error": text}, status_code=status, media_type=MediaType.JSON)
    counter = counter_of(request)
    back = _back(request)
    session = request.scope.get("auth")
    if isinstance(session, Session):
        visit = Visit(counter=counter, session=session, now_ms=counter.clock())
        return visit.page("problem.html", status=status, text=text, back=back)
    return bare_page(counter, "problem.html", status=status, text=text, back=back)


def _back(request: _Request) -> str:
    patient_id = str(request.scope.get("path_params", {}).get("patient_id", ""))
    known = request.scope.get("auth") is not None and len(patient_id) == 32
    return f"/patients/{patient_id}" if known and patient_id.isalnum() else "/"
