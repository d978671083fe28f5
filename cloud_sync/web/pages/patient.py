"""One patient: readings, days, minutes, devices, all on one page."""

from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.concurrency import sync_to_thread
from litestar.response import Redirect

from cloud_sync.ledger import devices, people, readings
from cloud_sync.ledger.local_time import midnight_ms
from cloud_sync.ledger.progress import progress
from cloud_sync.web.chart import charts
from cloud_sync.web.counter import Page, Visit
from cloud_sync.web.forms import Form, read
from cloud_sync.web.permissions import Permission

_TABLE_DAYS = 30
_LONGEST_TABLE_DAYS = 400


@get(
    "/patients/{patient_id:str}", opt={"permission": Permission.READ_PATIENTS}, sync_to_thread=True
)
def patient_page(visit: Visit, patient_id: str, days: int = _TABLE_DAYS) -> Page:
    """Everything staff look for first; `days` widens chart and table."""
    days = min(max(days, 7), _LONGEST_TABLE_DAYS)
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        standing = progress(db, patient, visit.now_ms)
        first = standing.today - timedelta(days=days - 1)
        shown = readings.of_patient(db, patient_id, since_ms=midnight_ms(first, patient.zone))
        unreviewed = readings.unreviewed_counts(db, [patient_id]).get(patient_id, 0)
        owned = devices.of_patient(db, patient_id)
        waiting = devices.waiting(db)
        facts = people.facts(db, patient_id)
        version = readings.version(db, patient_id)
    return visit.page(
        "patient.html",
        patient=patient,
        progress=standing,
        charts=charts(shown, patient.zone, first, standing.today),
        readings=shown,
        days=days,
        unreviewed=unreviewed,
        devices=owned,
        waiting=waiting,
        facts=facts,
        version=version,
    )


@post("/patients/{patient_id:str}/assignments", opt={"permission": Permission.EDIT_PATIENTS})
async def assign(visit: Visit, patient_id: str, request: Request[Any, Any, Any]) -> Redirect:
    """Give the patient a device, from a moment on; readings since then become theirs."""
    return await sync_to_thread(_assign, visit, patient_id, await read(request))


def _assign(visit: Visit, patient_id: str, form: Form) -> Redirect:
    device_id, _, slot = form.text("device").partition("#")
    with visit.store.write() as db:
        patient = people.find(db, patient_id)
        devices.assign(
            db,
            device_id=device_id,
            user_slot=int(slot) if slot.isdigit() else None,
            patient_id=patient_id,
            from_ms=form.needed_moment("from", "Assigned from", patient.zone),
            author=visit.session.staff_id,
            at_ms=visit.now_ms,
        )
    return Redirect(f"/patients/{patient_id}#devices", status_code=303)


@post(
    "/patients/{patient_id:str}/assignments/{assignment_id:str}/end",
    opt={"permission": Permission.EDIT_PATIENTS},
)
async def end_assignment(
    visit: Visit, patient_id: str, assignment_id: str, request: Request[Any, Any, Any]
) -> Redirect:
    """Take a device back."""
    await read(request)
    return await sync_to_thread(_end, visit, patient_id, assignment_id)


def _end(visit: Visit, patient_id: str, assignment_id: str) -> Redirect:
    with visit.store.write() as db:
        devices.end_assignment(
            db,
            assignment_id,
            patient_id=patient_id,
            to_ms=visit.now_ms,
            author=visit.session.staff_id,
            at_ms=visit.now_ms,
        )
    return Redirect(f"/patients/{patient_id}#devices", status_code=303)


HANDLERS = (patient_page, assign, end_assignment)
