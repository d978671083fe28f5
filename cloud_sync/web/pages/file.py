"""What is on file for a patient's programs: consents, orders, visits, as the case file has them."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.ledger import people
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.permissions import Permission

KIND_WORDS = {
    "consents": "Consent",
    "orders": "Order",
    "initiating_visits": "Initiating visit",
    "care_plans": "Care plan",
    "decision_making": "Decision making",
    "lane_choices": "CCM family",
    "episodes": "Episode of care",
    "stays": "Stay",
    "other_claims": "Other claim",
    "patient": "Patient",
}
_PROGRAMS = ("RPM", "CCM")
_CONSENT_MODES = ("verbal", "written", "electronic")


@get(
    "/patients/{patient_id:str}/file",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def file_page(visit: SignedIn, patient_id: FromPath[str]) -> Page:
    """The entries in force, and forms to add one."""
    return _page(visit, patient_id, None)


def _page(visit: Visit, patient_id: str, problem: str | None) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        facts = people.facts(db, patient_id)
    return visit.page(
        "file.html",
        status=409 if problem else 200,
        patient=patient,
        facts=facts,
        kinds=KIND_WORDS,
        problem=problem,
        consent_modes=_CONSENT_MODES,
    )


@post(
    "/patients/{patient_id:str}/file", opt={"permission": Permission.KEEP_FILE}, sync_to_thread=True
)
def add_fact(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Put an entry on record; one that corrects another takes it away."""
    kind, corrects = form.text("kind"), form.text("corrects") or None
    try:
        body = {} if corrects else _body(kind, form)
        with visit.store.write() as db:
            people.record_fact(
                db,
                patient_id=patient_id,
                kind=kind,
                body=body,
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                corrects=corrects,
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem))
    return Redirect(f"/patients/{patient_id}/file", status_code=303)


def _body(kind: str, form: Form) -> dict[str, Any]:
    """The case file's entry that this form describes."""
    match kind:
        case "consents":
            if form.text("mode") not in _CONSENT_MODES:
                raise Refused("Say how consent was given.")
            return {
                "program": _program(form),
                "given_on": form.needed_day("on", "Given on").isoformat(),
                "mode": form.text("mode"),
                "documented": form.ticked("documented"),
            }
        case "orders":
            ordered = form.needed_day("on", "Ordered on").isoformat()
            return {"program": "RPM", "ordered_on": ordered}
        case "episodes":
            started = form.needed_day("on", "Began on").isoformat()
            set_up = form.day("set_up_on", "Set up on")
            taught = form.day("educated_on", "Taught on")
            return {
                "program": _program(form),
                "start": started,
                "set_up_on": set_up and set_up.isoformat(),
                "educated_on": taught and taught.isoformat(),
            }
        case "patient":
            known = form.needed_day("on", "Patient of the practice since").isoformat()
            return {"established_on": known}
        case _:
            raise Refused("Choose what to put on record.")


def _program(form: Form) -> str:
    if form.text("program") not in _PROGRAMS:
        raise Refused("Choose the program.")
    return form.text("program")


HANDLERS = (file_page, add_fact)
