"""A patient's alerts: thresholds, what they raised, and what was done about it."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.alerts import store as alerts
from cloud_sync.alerts.measures import MEASURES
from cloud_sync.ledger import people, staff
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled
from cloud_sync.web.permissions import Permission


@get(
    "/patients/{patient_id:str}/alerts",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def alert_page(visit: SignedIn, patient_id: FromPath[str]) -> Page:
    """Open ones first, then the thresholds, then what is done."""
    return _page(visit, patient_id, None, {})


def _page(visit: Visit, patient_id: str, problem: str | None, typed: dict[str, str]) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        found = alerts.of_patient(db, patient_id)
        handled = alerts.handlings(db, [one.id for one in found])
        holding = alerts.thresholds(db, [patient_id]).get(patient_id, {})
        names = {one.id: one.full_name for one in staff.everyone(db)}
    return visit.page(
        "alerts.html",
        status=409 if problem else 200,
        patient=patient,
        problem=problem,
        typed=typed,
        open=[one for one in found if not one.done],
        done=[one for one in found if one.done],
        handlings=handled,
        measures=MEASURES,
        thresholds=[holding[name] for name in MEASURES if name in holding],
        names=names,
    )


@post(
    "/patients/{patient_id:str}/alerts",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def handle(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Somebody saw it, or says what was done."""
    try:
        with visit.store.write() as db:
            alerts.handle(
                db,
                alert_id=form.text("alert"),
                patient_id=patient_id,
                action=form.text("action"),
                note=form.text("note"),
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem), {})
    return Redirect(f"/patients/{patient_id}/alerts", status_code=303)


@post(
    "/patients/{patient_id:str}/thresholds",
    opt={"permission": Permission.EDIT_PATIENTS},
    sync_to_thread=True,
)
def set_threshold(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """From now on; the old one stays readable in the ledger."""
    fields = ("measure", "low", "high", "reason")
    try:
        with visit.store.write() as db:
            alerts.set_threshold(
                db,
                patient_id=patient_id,
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                measure=form.text("measure"),
                low=form.text("low"),
                high=form.text("high"),
                reason=form.text("reason"),
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem), {name: form.text(name) for name in fields})
    return Redirect(f"/patients/{patient_id}/alerts", status_code=303)


HANDLERS = (alert_page, handle, set_threshold)
