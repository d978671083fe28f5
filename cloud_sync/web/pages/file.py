"""What is on file for a patient's programs: consents, orders, visits, as the case file has them."""

import re
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.ledger import people, staff
from cloud_sync.ledger.billing import billing_practitioner, recorded_practitioner
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
    "billing_practitioner": "Billing practitioner",
}
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_PROGRAMS = ("RPM", "CCM")
_SIGNED = ("consents", "orders", "initiating_visits", "care_plans", "decision_making")
_ENDS = {"consents": "revoked_on", "episodes": "end"}
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_LEVELS = ("low", "moderate", "high")
_LANES = {
    "staff": "clinical staff",
    "practitioner": "the practitioner in person",
    "complex": "complex",
}
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
        practitioners = [
            one
            for one in staff.everyone(db)
            if one.billing_role == "practitioner" and one.disabled_at_ms is None
        ]
        billing = billing_practitioner(db, patient_id, visit.now_ms)
    return visit.page(
        "file.html",
        status=409 if problem else 200,
        patient=patient,
        facts=facts,
        kinds=KIND_WORDS,
        problem=problem,
        consent_modes=_CONSENT_MODES,
        levels=_LEVELS,
        lanes=_LANES,
        practitioners=practitioners,
        billing=next((one for one in practitioners if one.id == billing), None),
        ends=_ENDS,
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
            recorded = recorded_practitioner(db, patient_id, visit.now_ms)
            if body and kind in _SIGNED and recorded is not None:
                body["practitioner"] = recorded
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


@post(
    "/patients/{patient_id:str}/file/end",
    opt={"permission": Permission.KEEP_FILE},
    sync_to_thread=True,
)
def end_fact(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Revoke a consent or end an episode: a new entry that corrects the one that ran on."""
    try:
        on = form.needed_day("on", "On").isoformat()
        with visit.store.write() as db:
            fact = _running(people.facts(db, patient_id), form.text("fact"), on)
            people.record_fact(
                db,
                patient_id=patient_id,
                kind=fact.kind,
                body={**fact.body, _ENDS[fact.kind]: on},
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                corrects=fact.id,
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem))
    return Redirect(f"/patients/{patient_id}/file", status_code=303)


def _running(facts: list[people.Fact], identity: str, on: str) -> people.Fact:
    """The entry to end, if it is one that can end on that date."""
    fact = next((one for one in facts if one.id == identity), None)
    if fact is None or fact.kind not in _ENDS:
        raise Refused("This entry cannot be ended.")
    if on < str(fact.body.get("given_on") or fact.body.get("start")):
        raise Refused("It cannot end before it began.")
    return fact


def _body(kind: str, form: Form) -> dict[str, Any]:  # noqa: C901, PLR0912 - one case a form
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
        case "initiating_visits":
            visited = form.needed_day("on", "Visit on").isoformat()
            return {"on": visited, "discussed": ["CCM"] if form.ticked("ccm") else []}
        case "decision_making":
            if form.text("level") not in _LEVELS:
                raise Refused("Say how complex the decision making was.")
            return {"month": _month(form), "level": form.text("level")}
        case "lane_choices":
            if form.text("lane") not in _LANES:
                raise Refused("Choose the family of codes.")
            return {"month": _month(form), "lane": form.text("lane")}
        case "billing_practitioner":
            return {"staff": form.text("staff")}
        case "care_plans":
            made = form.needed_day("on", "Made or revised on").isoformat()
            return {
                "on": made,
                "shared_with_patient": form.ticked("shared"),
                "substantially_revised": form.ticked("revised"),
            }
        case "patient" if form.text("conditions"):
            return {"conditions": [_condition(code) for code in form.text("conditions").split(",")]}
        case "patient":
            known = form.needed_day("on", "Patient of the practice since").isoformat()
            return {"established_on": known}
        case _:
            raise Refused("Choose what to put on record.")


def _condition(code: str) -> dict[str, Any]:
    """A chronic condition, as the form's words define it (MLN909188)."""
    if not _ICD10.fullmatch(code.strip().upper()):
        raise Refused("Give ICD-10 codes such as I10, E11.9, separated by commas.")
    return {"icd10": code.strip().upper(), "expected_months": 12, "risk": True}


def _month(form: Form) -> str:
    if not _MONTH.fullmatch(form.text("month")):
        raise Refused("Give the month as 2026-01.")
    return form.text("month")


def _program(form: Form) -> str:
    if form.text("program") not in _PROGRAMS:
        raise Refused("Choose the program.")
    return form.text("program")


HANDLERS = (file_page, add_fact, end_fact)
