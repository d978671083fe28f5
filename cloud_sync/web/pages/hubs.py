"""Hubs: in contact or silent, what they hold, and enrolling a new one."""

from litestar import get, post

from cloud_sync.ledger import hubs
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled
from cloud_sync.web.permissions import Permission


@get("/hubs", opt={"permission": Permission.READ_HUBS}, sync_to_thread=True)
def hub_page(visit: SignedIn) -> Page:
    """All hubs."""
    return _page(visit, None)


def _page(visit: Visit, ticket: str | None) -> Page:
    with visit.store.read() as db:
        return visit.page(
            "hubs.html", hubs=hubs.everything(db), ticket=ticket, version=hubs.version(db)
        )


@post("/hubs", opt={"permission": Permission.ENROL_HUBS}, status_code=200, sync_to_thread=True)
def enrol(visit: SignedIn, form: Filled) -> Page:
    """Show the technician's ticket, once: its code is kept only as a hash."""
    label = form.text("label")
    if not 0 < len(label) <= 80:
        raise Refused("Give the hub a label of up to 80 characters, such as its sticker's number.")
    from cloud_sync.identity import enrolment, tickets

    with visit.store.write() as db:
        invitation = enrolment.invite(db, label, visit.now_ms)
    return _page(visit, tickets.text(visit.counter.config, invitation.code))


HANDLERS = (hub_page, enrol)
