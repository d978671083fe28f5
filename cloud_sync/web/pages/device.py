"""What a device is: FDA basis, serial, UDI, whether it is a test unit, and since when."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy import Connection

from cloud_sync.ledger import device_details, devices, people, staff
from cloud_sync.ledger.device_details import FLAGS, TEXTS
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.permissions import Permission


@get(
    "/patients/{patient_id:str}/device",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def device_page(visit: SignedIn, patient_id: FromPath[str], device: FromQuery[str] = "") -> Page:
    """One of the patient's devices, as it is known today, with every change."""
    return _page(visit, patient_id, device, None, None)


def _page(
    visit: Visit, patient_id: str, device_id: str, problem: str | None, typed: Form | None
) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        registered = _of_patient(db, patient_id, device_id)
        history = device_details.history(db, [device_id]).get(device_id, [])
        today = local(visit.now_ms, patient.zone).date()
        now = device_details.on(db, device_id, today) or registered
        names = {one.id: one.full_name for one in staff.everyone(db)}
    return visit.page(
        "device.html",
        status=409 if problem else 200,
        patient=patient,
        device=registered,
        values={name: getattr(now, name, None) for name in ("label", *FLAGS, *TEXTS)},
        history=history,
        names=names,
        today=today,
        problem=problem,
        typed=typed,
    )


def _of_patient(db: Connection, patient_id: str, device_id: str) -> devices.Device:
    if device_id not in {one.device_id for one in devices.of_patient(db, patient_id)}:
        raise Refused("This patient has no such device.")
    return devices.find(db, device_id)


@post(
    "/patients/{patient_id:str}/device",
    opt={"permission": Permission.EDIT_PATIENTS},
    sync_to_thread=True,
)
def change(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """From a date on; readings of earlier dates are judged as before."""
    device_id = form.text("device")
    try:
        with visit.store.write() as db:
            people.find(db, patient_id)
            _of_patient(db, patient_id, device_id)
            device_details.record(
                db,
                device_id,
                {name: form.ticked(name) for name in FLAGS}
                | {name: form.text(name) for name in ("label", *TEXTS)},
                effective_from=form.needed_day("since", "From"),
                reason=form.text("reason"),
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _page(visit, patient_id, device_id, str(problem), form)
    where = urlencode({"device": device_id})
    return Redirect(f"/patients/{patient_id}/device?{where}", status_code=303)


HANDLERS = (device_page, change)
