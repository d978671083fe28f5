"""The work list, and adding a patient."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy import Connection

from cloud_sync.alerts import store as alerts
from cloud_sync.ledger import devices, erasures, hubs, people, readings
from cloud_sync.ledger.local_time import zones
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.progress import Progress, progress
from cloud_sync.ledger.readings import Seen
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled
from cloud_sync.web.permissions import Permission

PAGE_SIZE = 25
_FIELDS = ("name", "birth_date", "record_number", "zone", "payer")
_COMMON_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One patient on the work list."""

    patient: Patient
    latest: Seen | None
    progress: Progress
    unreviewed: int
    alerts: int
    hub: hubs.Hub | None
    erased: bool  # the file is gone: nothing is wanted of it any more


@get("/patients", opt={"permission": Permission.READ_PATIENTS}, sync_to_thread=True)
def work_list(visit: SignedIn, q: FromQuery[str] = "", page: FromQuery[int] = 1) -> Page:
    """Who has news, who falls short, whose hub is silent."""
    with visit.store.read() as db:
        found = [p for p in people.everyone(db) if _matches(p, q)]
        page = min(max(page, 1), max(1, -(-len(found) // PAGE_SIZE)))
        shown = found[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        alarming = alerts.open_counts(db)
        lines = _lines(db, shown, alarming, visit.now_ms)
        version = readings.version(db)
        waiting = devices.waiting(db)
    return visit.page(
        "patients.html",
        lines=lines,
        query=q,
        total=len(found),
        page=page,
        previous=_address(q, page - 1) if page > 1 else None,
        following=_address(q, page + 1) if page * PAGE_SIZE < len(found) else None,
        version=version,
        waiting=waiting,
        alarming=[(one, alarming[one.id]) for one in found if one.id in alarming],
    )


def _matches(patient: Patient, query: str) -> bool:
    wanted = query.strip().casefold()
    return wanted in patient.name.casefold() or wanted in (patient.record_number or "").casefold()


def _address(query: str, page: int) -> str:
    return "/patients?" + urlencode({"q": query, "page": page})


def _lines(
    db: Connection, shown: list[Patient], alarming: dict[str, int], now_ms: int
) -> list[Line]:
    ids = [patient.id for patient in shown]
    latest = readings.latest(db, ids)
    unreviewed = readings.unreviewed_counts(db, ids)
    gone = erasures.of_month(db, ids, "")
    known = {hub.id: hub for hub in hubs.everything(db)}
    return [
        Line(
            patient=patient,
            latest=(newest := latest.get(patient.id)),
            progress=progress(db, patient, now_ms),
            unreviewed=unreviewed.get(patient.id, 0),
            alerts=alarming.get(patient.id, 0),
            hub=known.get(newest.hub_id) if newest else None,
            erased=patient.id in gone,
        )
        for patient in shown
    ]


@get("/patients/new", opt={"permission": Permission.EDIT_PATIENTS}, sync_to_thread=True)
def new_patient(visit: SignedIn) -> Page:
    """The form."""
    return _form(visit, None, {"zone": visit.counter.config.zone, "payer": "medicare"})


@post("/patients", opt={"permission": Permission.EDIT_PATIENTS}, sync_to_thread=True)
def add_patient(visit: SignedIn, form: Filled) -> Response[Any]:
    """Keep the new patient."""
    try:
        with visit.store.write() as db:
            identity = people.add_patient(
                db,
                name=form.text("name"),
                birth_date=form.day("birth_date", "Date of birth"),
                record_number=form.text("record_number") or None,
                zone=form.text("zone"),
                payer=form.text("payer"),
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _form(visit, str(problem), {name: form.text(name) for name in _FIELDS})
    return Redirect(f"/patients/{identity}", status_code=303)


@get(
    "/patients/{patient_id:str}/details",
    opt={"permission": Permission.EDIT_PATIENTS},
    sync_to_thread=True,
)
def details(visit: SignedIn, patient_id: FromPath[str]) -> Page:
    """The patient's details, to be corrected."""
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
    values = {name: str(getattr(patient, name) or "") for name in _FIELDS}
    return _form(visit, None, values, patient)


@post(
    "/patients/{patient_id:str}/details",
    opt={"permission": Permission.EDIT_PATIENTS},
    sync_to_thread=True,
)
def correct_details(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """New details beside the old, with a reason; another zone recounts the days."""
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
    try:
        reason = form.needed("reason", "Say why the details are corrected.")
        changes = {name: form.text(name) for name in _FIELDS if name != "birth_date"}
        with visit.store.write() as db:
            people.change_patient(
                db,
                patient_id,
                changes | {"birth_date": form.day("birth_date", "Date of birth")},
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                reason=reason,
            )
    except Refused as problem:
        values = {name: form.text(name) for name in (*_FIELDS, "reason")}
        return _form(visit, str(problem), values, patient)
    return Redirect(f"/patients/{patient_id}", status_code=303)


def _form(
    visit: Visit, problem: str | None, values: dict[str, str], patient: Patient | None = None
) -> Page:
    return visit.page(
        "patient_new.html",
        status=409 if problem else 200,
        problem=problem,
        values=values,
        patient=patient,
        common_zones=_COMMON_ZONES,
        zones=sorted(zones() - set(_COMMON_ZONES)),
    )


HANDLERS = (work_list, new_patient, add_patient, details, correct_details)
