"""Working on a patient with the clock running: unreviewed readings, note, stop, switch."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from sqlalchemy import Connection

from cloud_sync.alerts import store as alerts
from cloud_sync.alerts.measures import MEASURES
from cloud_sync.ledger import care_entries, care_time, people, readings
from cloud_sync.ledger.local_time import local, midnight_ms, month_bounds
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.progress import progress
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.pages.work import (
    ACTIVITIES,
    FIELDS,
    MODE_WORDS,
    NoteAdvice,
    links_of,
    work_of,
)
from cloud_sync.web.permissions import Permission


@get(
    "/patients/{patient_id:str}/review",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def review_page(visit: SignedIn, patient_id: FromPath[str]) -> Page:
    """What waits for review, with the clock and this month's minutes beside it."""
    return _page(visit, patient_id, None, {})


def _page(visit: Visit, patient_id: str, problem: str | None, values: dict[str, str]) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        standing = progress(db, patient, visit.now_ms)
        waiting = readings.unreviewed(db, patient_id)
        recent = [] if waiting else readings.of_patient(db, patient_id, limit=10)
        entries = care_entries.of_patient(db, patient_id, *_month(visit, patient))
        version = readings.version(db, patient_id)
        open_alerts = alerts.of_patient(db, patient_id, only_open=True)
        plans = [fact for fact in people.facts(db, patient_id) if fact.kind == "care_plans"]
    return visit.page(
        "review.html",
        status=409 if problem else 200,
        patient=patient,
        progress=standing,
        waiting=waiting,
        recent=recent,
        entries=[entry for entry in entries if not entry.corrected],
        activities=ACTIVITIES,
        modes=MODE_WORDS,
        longest_ms=care_time.LONGEST_RUN_MS,
        problem=problem,
        values=values,
        version=version,
        plans=plans[-1:],
        alerts=open_alerts,
        measures=MEASURES,
    )


def _month(visit: Visit, patient: Patient) -> tuple[int, int]:
    first, after = month_bounds(local(visit.now_ms, patient.zone).date())
    return midnight_ms(first, patient.zone), midnight_ms(after, patient.zone)


@post(
    "/patients/{patient_id:str}/clock/start",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def start(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Redirect:
    """Start the worker's clock for this patient in one program."""
    with visit.store.write() as db:
        care_time.start(
            db,
            staff_id=visit.session.staff_id,
            patient_id=patient_id,
            program=form.text("program"),
            at_ms=visit.now_ms,
        )
    return Redirect(f"/patients/{patient_id}/review", status_code=303)


@post(
    "/patients/{patient_id:str}/clock/stop",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def stop(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Record the interval; what was typed comes back if the ledger refuses."""
    try:
        with visit.store.write() as db:
            _record(db, visit, patient_id, form)
    except Refused as problem:
        values = {name: form.text(name) for name in (*FIELDS, "ended")}
        values["advised"] = "yes" if isinstance(problem, NoteAdvice) else ""
        return _page(visit, patient_id, str(problem), values)
    return Redirect(f"/patients/{patient_id}/review", status_code=303)


def _record(db: Connection, visit: Visit, patient_id: str, form: Form) -> None:
    staff_id, now = visit.session.staff_id, visit.now_ms
    current = care_time.running(db, staff_id)
    if current is not None and current.patient_id != patient_id:
        raise Refused("Your clock runs for another patient: go there to stop it.")
    zone = people.find(db, patient_id).zone
    ended = form.moment("ended", "Work ended", zone)
    program = current.program if current is not None else ""
    work = work_of(form, program, local(now, zone).date())
    links, then = links_of(form), form.text("then")
    if then:
        care_time.switch(db, staff_id=staff_id, program=then, at_ms=now, work=work, links=links)
    else:
        care_time.stop(db, staff_id=staff_id, at_ms=now, work=work, links=links, ended_ms=ended)


@post(
    "/patients/{patient_id:str}/clock/discard",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def discard(visit: SignedIn, patient_id: FromPath[str]) -> Redirect:
    """A clock started by mistake: nothing is recorded."""
    with visit.store.write() as db:
        care_time.discard(db, visit.session.staff_id)
    return Redirect(f"/patients/{patient_id}/review", status_code=303)


HANDLERS = (review_page, start, stop, discard)
