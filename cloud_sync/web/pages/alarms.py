"""For the administrator: alarms and what is in quarantine. For the auditor: who looked at whom."""

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.ledger import audit, incidents, people
from cloud_sync.web.counter import Page, SignedIn
from cloud_sync.web.permissions import Permission


@get("/alarms", opt={"permission": Permission.READ_ALARMS}, sync_to_thread=True)
def alarm_page(visit: SignedIn) -> Page:
    """What needs somebody, newest first."""
    with visit.store.read() as db:
        return visit.page(
            "alarms.html", alarms=incidents.newest(db), quarantined=incidents.quarantined(db)
        )


@post(
    "/alarms/{alarm_id:int}/seen", opt={"permission": Permission.READ_ALARMS}, sync_to_thread=True
)
def seen(visit: SignedIn, alarm_id: FromPath[int]) -> Redirect:
    """Somebody has taken notice."""
    with visit.store.write() as db:
        incidents.mark_seen(db, alarm_id, by=visit.session.staff_id, at_ms=visit.now_ms)
    return Redirect("/alarms", status_code=303)


@get("/access-log", opt={"permission": Permission.READ_ACCESS_LOG}, sync_to_thread=True)
def access_log(visit: SignedIn) -> Page:
    """The latest views of patient data."""
    with visit.store.read() as db:
        names = {patient.id: patient.name for patient in people.everyone(db)}
        return visit.page("access_log.html", reads=audit.newest(db), names=names)


HANDLERS = (alarm_page, seen, access_log)
