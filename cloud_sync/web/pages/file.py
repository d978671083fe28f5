"""What is on file for a patient's programs, and the forms that put it there."""

from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.ledger import devices, people, staff, staff_details
from cloud_sync.ledger.billing import billing_practitioner, recorded_practitioner
from cloud_sync.ledger.facts.care import ELEMENTS
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.people import Fact
from cloud_sync.ledger.refused import Refused
from cloud_sync.web import file_words
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.pages.file_forms import CONSENT_MODES, LANES, LEVELS, body_of, end_of
from cloud_sync.web.permissions import Permission

_SIGNED = ("consents", "orders", "initiating_visits", "care_plans", "decision_making")
_ENDED_BY = {"consents": ("revocations", "consent"), "episodes": ("episode_ends", "episode")}


@get(
    "/patients/{patient_id:str}/file",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def file_page(visit: SignedIn, patient_id: FromPath[str]) -> Page:
    """The entries in force, and forms to add one."""
    return _page(visit, patient_id, None, None)


def _page(visit: Visit, patient_id: str, problem: str | None, form: Form | None) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        facts = people.facts(db, patient_id)
        accounts = staff.everyone(db)
        bills = set(staff_details.practitioners(db, visit.now_ms))
        billing = billing_practitioner(db, patient_id, visit.now_ms)
        owned = devices.of_patient(db, patient_id)
    working = [one for one in accounts if one.disabled_at_ms is None]
    names = {one.id: one.full_name for one in accounts}
    names |= {one.device_id: one.label for one in owned}
    return visit.page(
        "file.html",
        status=409 if problem else 200,
        patient=patient,
        groups=_grouped(facts, names),
        plans=[fact for fact in facts if fact.kind == "care_plans"],
        problem=problem,
        typed=form,
        typed_kind=form.text("kind") if form else "",
        names=names,
        staff=working,
        practitioners=[one for one in working if one.id in bills],
        billing=next((one for one in working if one.id == billing), None),
        devices=owned,
        words=file_words,
        consent_modes=CONSENT_MODES,
        levels=LEVELS,
        lanes=LANES,
        elements=ELEMENTS,
        today=local(visit.now_ms, patient.zone).date(),
    )


def _grouped(facts: list[Fact], names: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """By topic, each with its details, and whether it still runs on."""
    ended = {
        str(fact.body.get(key))
        for fact in facts
        for kind, key in _ENDED_BY.values()
        if fact.kind == kind
    }
    rows = {
        title: [
            {
                "fact": fact,
                "details": list(file_words.fact_details(fact, names)),
                "ends": fact.kind in _ENDED_BY
                and fact.id not in ended
                and not (fact.body.get("revoked_on") or fact.body.get("end")),
            }
            for fact in facts
            if fact.kind in kinds
        ]
        for title, kinds in file_words.GROUPS.items()
    }
    return {title: found for title, found in rows.items() if found}


@post(
    "/patients/{patient_id:str}/file", opt={"permission": Permission.KEEP_FILE}, sync_to_thread=True
)
def add_fact(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Put an entry on record; one that corrects another takes it away, and says why."""
    kind, corrects = form.text("kind"), form.text("corrects") or None
    try:
        with visit.store.write() as db:
            patient = people.find(db, patient_id)
            today = local(visit.now_ms, patient.zone).date()
            body = {} if corrects else body_of(kind, form, today)
            recorded = recorded_practitioner(db, patient_id, visit.now_ms)
            if body and kind in _SIGNED and recorded is not None:
                body.setdefault("practitioner", recorded)
            people.record_fact(
                db,
                patient_id=patient_id,
                kind=kind,
                body=body,
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                corrects=corrects,
                reason=form.text("reason") if corrects else None,
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem), None if corrects else form)
    return Redirect(f"/patients/{patient_id}/file", status_code=303)


@post(
    "/patients/{patient_id:str}/file/end",
    opt={"permission": Permission.KEEP_FILE},
    sync_to_thread=True,
)
def end_fact(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Revoke a consent or end an episode: an entry of its own, with its reason."""
    try:
        with visit.store.write() as db:
            facts = people.facts(db, patient_id)
            fact = next((one for one in facts if one.id == form.text("fact")), None)
            kind, body = end_of(fact.kind if fact else "", form.text("fact"), form)
            people.record_fact(
                db,
                patient_id=patient_id,
                kind=kind,
                body=body,
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _page(visit, patient_id, str(problem), None)
    return Redirect(f"/patients/{patient_id}/file", status_code=303)


HANDLERS = (file_page, add_fact, end_fact)
