"""Hubs: in contact or silent, what they hold, and enrolling a new one."""

from typing import Any

from litestar import Request, get, post
from litestar.concurrency import sync_to_thread

from cloud_sync.ledger import hubs
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, Visit
from cloud_sync.web.forms import Form, read
from cloud_sync.web.permissions import Permission


@get("/hubs", opt={"permission": Permission.READ_HUBS}, sync_to_thread=True)
def hub_page(visit: Visit) -> Page:
    """All hubs."""
    return _page(visit, None)


def _page(visit: Visit, ticket: str | None) -> Page:
    with visit.store.read() as db:
        return visit.page(
            "hubs.html", hubs=hubs.everything(db), ticket=ticket, version=hubs.version(db)
        )


@post("/hubs", opt={"permission": Permission.ENROL_HUBS}, status_code=200)
async def enrol(visit: Visit, request: Request[Any, Any, Any]) -> Page:
    """Show the technician's ticket, once: its code is kept only as a hash."""
    return await sync_to_thread(_enrol, visit, await read(request))


def _enrol(visit: Visit, form: Form) -> Page:
    label = form.text("label")
    if not 0 < len(label) <= 80:
        raise Refused("Give the hub a label of up to 80 characters, such as its sticker's number.")
    from cloud_sync.identity import enrolment, tickets

    with visit.store.write() as db:
        invitation = enrolment.invite(db, label, visit.now_ms)
    return _page(visit, tickets.text(visit.counter.config, invitation.code))


HANDLERS = (hub_page, enrol)
