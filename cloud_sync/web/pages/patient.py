"""One patient: readings, days, minutes, devices, all on one page."""

from datetime import timedelta

from litestar import get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from cloud_sync.ledger import devices, erasures, people, readings, snapshots
from cloud_sync.ledger.local_time import midnight_ms
from cloud_sync.ledger.progress import codes, forecast, progress
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.chart import charts
from cloud_sync.web.codes import lines
from cloud_sync.web.counter import Page, SignedIn
from cloud_sync.web.forms import Filled
from cloud_sync.web.permissions import Permission

_TABLE_DAYS = 30
_LONGEST_TABLE_DAYS = 400


@get(
    "/patients/{patient_id:str}", opt={"permission": Permission.READ_PATIENTS}, sync_to_thread=True
)
def patient_page(
    visit: SignedIn, patient_id: FromPath[str], days: FromQuery[int] = _TABLE_DAYS
) -> Page:
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
        found = codes(db, patient, visit.now_ms)
        ahead = forecast(db, patient_id, visit.now_ms)
        version = readings.version(db, patient_id)
        gone = erasures.of_patient(db, patient_id)
        months = snapshots.closed_months(db, patient_id)
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
        codes=lines(found, standing.today),
        ahead=ahead,
        version=version,
        gone=gone,
        months=months,
    )


@post(
    "/patients/{patient_id:str}/assignments",
    opt={"permission": Permission.EDIT_PATIENTS},
    sync_to_thread=True,
)
def assign(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Redirect:
    """Give the patient a device, from a moment on; readings since then become theirs."""
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
    sync_to_thread=True,
)
def end_assignment(
    visit: SignedIn, form: Filled, patient_id: FromPath[str], assignment_id: FromPath[str]
) -> Redirect:
    """Take a device back, now or from an earlier moment on; an error is taken back whole."""
    with visit.store.write() as db:
        zone = people.find(db, patient_id).zone
        to_ms = form.moment("to", "Taken back", zone)
        if form.ticked("error"):
            own = {one.id: one.assigned_from_ms for one in devices.of_patient(db, patient_id)}
            to_ms = own.get(assignment_id, to_ms)
        if (to_ms is not None) and not form.text("reason"):
            raise Refused("Say why the device is taken back from an earlier moment on.")
        devices.end_assignment(
            db,
            assignment_id,
            patient_id=patient_id,
            to_ms=visit.now_ms if to_ms is None else to_ms,
            author=visit.session.staff_id,
            at_ms=visit.now_ms,
            reason=form.text("reason") or None,
        )
    return Redirect(f"/patients/{patient_id}#devices", status_code=303)


HANDLERS = (patient_page, assign, end_assignment)
