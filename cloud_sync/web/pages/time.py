"""The ledger of a patient's minutes: every entry of a month, late entries, corrections."""

from datetime import date
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy import Connection

from cloud_sync.alerts import store as alerts
from cloud_sync.alerts.measures import MEASURES
from cloud_sync.ledger import (
    care_entries,
    care_time,
    people,
    practice_settings,
    readings,
    staff_details,
)
from cloud_sync.ledger.care_entries import Entry, Span
from cloud_sync.ledger.local_time import local, midnight_ms, month_bounds
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.time_flags import flags
from cloud_sync.ledger.time_record import links_of
from cloud_sync.ledger.time_split import Part, split
from cloud_sync.rules.shape import Settings
from cloud_sync.rules.tables import BUNDLED
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.pages.work import (
    ACTIVITIES,
    MODE_WORDS,
    NoteAdvice,
    links_of as form_links,
    work_of,
)
from cloud_sync.web.permissions import Permission

_MOST_TICKS = 40  # readings offered to be linked to a late entry, newest first


@get(
    "/patients/{patient_id:str}/time",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def time_page(
    visit: SignedIn,
    patient_id: FromPath[str],
    month: FromQuery[str] = "",
    corrects: FromQuery[str] = "",
) -> Page:
    """All entries of a month; `corrects` opens the form over the entry of that id."""
    return _page(visit, patient_id, month=month, corrects=corrects, problem=None, typed={})


def _page(  # noqa: PLR0913 - what the address and the form say
    visit: Visit,
    patient_id: str,
    *,
    month: str,
    corrects: str,
    problem: str | None,
    typed: dict[str, str],
) -> Page:
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        day = _month(month) or local(visit.now_ms, patient.zone).date()
        first, after = month_bounds(day)
        bounds = midnight_ms(first, patient.zone), midnight_ms(after, patient.zone)
        entries = care_entries.of_patient(db, patient_id, *bounds)
        noted = _noted(db, entries, visit.now_ms)
        links = links_of(db, [entry.id for entry in entries])
        waiting = readings.unreviewed(db, patient_id, limit=_MOST_TICKS)
        open_alerts = alerts.of_patient(db, patient_id, only_open=True)
        plans = [fact for fact in people.facts(db, patient_id) if fact.kind == "care_plans"]
    old = next((entry for entry in entries if entry.id == corrects and entry.in_force), None)
    return visit.page(
        "time.html",
        status=409 if problem else 200,
        patient=patient,
        entries=entries,
        noted=noted,
        links=links,
        waiting=waiting,
        alerts=open_alerts,
        plans=plans[-1:],
        measures=MEASURES,
        first=first,
        before=month_bounds(date.fromordinal(first.toordinal() - 1))[0],
        after=after,
        old=old,
        typed=typed,
        problem=problem,
        activities=ACTIVITIES,
        modes=MODE_WORDS,
    )


def _noted(db: Connection, entries: list[Entry], now_ms: int) -> dict[str, list[str]]:
    """What a person should look at, by entry; a worker's time for others is looked at too."""
    settings = practice_settings.in_force(db, now_ms)
    hours = settings.get("late_entry_hours", Settings().late_entry_hours)
    words = BUNDLED.notes_on(staff_details.utc_day(now_ms))
    found = {}
    for entry in entries:
        others = care_entries.of_staff(db, entry.staff_id, entry.start_ms, entry.end_ms)
        beside = {one.id: one for one in (*entries, *others)}
        found[entry.id] = list(flags(entry, beside.values(), words, hours))
    return found


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01") if text else None
    except ValueError:
        raise Refused("The month must look like 2026-11.") from None


@post(
    "/patients/{patient_id:str}/time",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def enter(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """A late entry or a correction: marked as what it is, and kept beside what it corrects."""
    corrects, month = form.text("corrects"), form.text("start")[:7]
    try:
        with visit.store.write() as db:
            zone = people.find(db, patient_id).zone
            start_ms = form.needed_moment("start", "Start", zone)
            care_time.enter(
                db,
                staff_id=visit.session.staff_id,
                span=Span(
                    patient_id=patient_id,
                    program=form.text("program"),
                    start_ms=start_ms,
                    end_ms=form.needed_moment("end", "End", zone),
                ),
                work=work_of(form, form.text("program"), local(start_ms, zone).date()),
                at_ms=visit.now_ms,
                corrects=corrects or None,
                reason=form.text("reason"),
                links=None if corrects else form_links(form),
            )
    except Refused as problem:
        return _again(visit, patient_id, form, month=month, corrects=corrects, problem=problem)
    return Redirect(f"/patients/{patient_id}/time?month={month}", status_code=303)


@post(
    "/patients/{patient_id:str}/time/split",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def split_entry(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Cut an entry at a minute: two parts, each with its program and note; the whole stays."""
    entry, month = form.text("entry"), form.text("month")
    try:
        with visit.store.write() as db:
            zone = people.find(db, patient_id).zone
            cut_ms = form.needed_moment("cut", "Cut at", zone)
            day = local(cut_ms, zone).date()
            first, second = (
                Part(
                    program=form.text(f"{prefix}program"),
                    work=work_of(form, form.text(f"{prefix}program"), day, prefix),
                )
                for prefix in ("first_", "second_")
            )
            split(
                db,
                care_time_id=entry,
                patient_id=patient_id,
                staff_id=visit.session.staff_id,
                cut_ms=cut_ms,
                parts=(first, second),
                reason=form.text("reason"),
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _again(visit, patient_id, form, month=month, corrects=entry, problem=problem)
    return Redirect(f"/patients/{patient_id}/time?month={month}", status_code=303)


def _again(  # noqa: PLR0913 - what the address and the form say
    visit: Visit, patient_id: str, form: Form, *, month: str, corrects: str, problem: Refused
) -> Page:
    """The page with what was typed, and what to change in it."""
    typed = {name: form.text(name) for name in form.values}
    typed["advised"] = "yes" if isinstance(problem, NoteAdvice) else ""
    return _page(
        visit, patient_id, month=month, corrects=corrects, problem=str(problem), typed=typed
    )


@post(
    "/patients/{patient_id:str}/time/void",
    opt={"permission": Permission.RECORD_TIME},
    sync_to_thread=True,
)
def void(visit: SignedIn, form: Filled, patient_id: FromPath[str]) -> Response[Any]:
    """Take an entry out, with the reason; it stays on the page, struck through."""
    entry, month = form.text("entry"), form.text("month")
    try:
        with visit.store.write() as db:
            care_time.void(
                db,
                care_time_id=entry,
                patient_id=patient_id,
                staff_id=visit.session.staff_id,
                reason=form.text("reason"),
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _page(visit, patient_id, month=month, corrects=entry, problem=str(problem), typed={})
    return Redirect(f"/patients/{patient_id}/time?month={month}", status_code=303)


HANDLERS = (time_page, enter, split_entry, void)
