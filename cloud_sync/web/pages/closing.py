"""Closing months: who is ready, who signed, what arrived afterwards."""

import re
from datetime import timedelta
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from sqlalchemy import Connection

from cloud_sync.ledger import (
    closing,
    erasures,
    people,
    release_rows,
    releasing,
    snapshots,
    staff,
    staff_details,
    worklist,
)
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules.reasons import SENTENCES
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled
from cloud_sync.web.permissions import Permission, allowed

PAGE_SIZE = 25
STATE_WORDS = {
    "open": "○ not closed",
    "ready": "▲ ready to sign",
    "signed": "✓ signed",
    "reopened": "▲ opened again",
    "erased": "∅ erased under retention",
}
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@get("/closing", opt={"permission": Permission.READ_PATIENTS}, sync_to_thread=True)
def month_list(
    visit: SignedIn,
    month: FromQuery[str] = "",
    only: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """The worklist: patients' months by state; the month before the running one where none is said.

    A line shows the month as its facts stand now, which may be seconds ahead of its recorded state.
    """
    if only and only not in STATE_WORDS:
        _refuse(f"The state must be one of: {', '.join(STATE_WORDS)}.")
    return list_page(visit, checked(month or last_month(visit)), only, page)


def list_page(
    visit: Visit, month: str, only: str = "", page: int = 1, notice: str | None = None
) -> Page:
    """The same, with what was just done."""
    with visit.store.read() as db:
        counts = worklist.counts(db, month)
        total = counts.get(only, 0) if only else sum(counts.values())
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(max(page, 1), pages)
        ids = worklist.patients(db, month, only, limit=PAGE_SIZE, skip=(page - 1) * PAGE_SIZE)
        standings = [closing.standing(db, people.find(db, one), month, visit.now_ms) for one in ids]
        months = snapshots.closed_months(db)
        released = release_rows.of_month(db, month, ids)
        waiting = len(releasing.waiting(db, month)) if visit.may("release months") else 0
    return visit.page(
        "closing.html",
        month=month,
        months=sorted({month, *months}, reverse=True),
        standings=standings,
        released={patient: found[-1] for patient, found in released.items()},
        waiting=waiting,
        notice=notice,
        states=STATE_WORDS,
        counts=counts,
        chosen=only,
        page=page,
        pages=pages,
    )


@get(
    "/patients/{patient_id:str}/months/{month:str}",
    opt={"permission": Permission.READ_PATIENTS},
    sync_to_thread=True,
)
def month_page(visit: SignedIn, patient_id: FromPath[str], month: FromPath[str]) -> Page:
    """One month as it was closed, what arrived since, and the signature."""
    return patient_page(visit, patient_id, checked(month), None)


def patient_page(visit: Visit, patient_id: str, month: str, problem: str | None) -> Page:
    """One month, with what went wrong just now."""
    with visit.store.read() as db:
        patient = people.find(db, patient_id)
        standing = closing.standing(db, patient, month, visit.now_ms)
        versions = snapshots.versions(db, patient_id, month)
        signatures = [snapshots.signature_of(db, one.id) for one in versions]
        gone = [one for one in erasures.of_patient(db, patient_id) if one.period in ("", month[:4])]
        signers = _signers(db, visit.now_ms)
        releases = release_rows.of_patient(db, patient_id, month)
        names = {one.id: one.full_name for one in staff.everyone(db)} if releases else {}
    snapshot = standing.snapshot
    return visit.page(
        "month.html",
        status=409 if problem else 200,
        patient=patient,
        month=month,
        standing=standing,
        facts=snapshot.facts if snapshot and standing.state != "erased" else None,
        gone=gone,
        signers=signers,
        over=closing.is_over(patient, month, visit.now_ms),
        versions=list(zip(versions, signatures, strict=True)),
        released=releases[-1] if releases else None,
        releases={one.snapshot_id: one for one in releases},
        names=names,
        waiting=releasing.waiting_lines(snapshot)
        if snapshot and standing.state != "erased"
        else [],
        states=STATE_WORDS,
        sentences=SENTENCES,
        statement=closing.STATEMENT,
        problem=problem,
    )


def _signers(db: Connection, at_ms: int) -> dict[str, str]:
    """Whose signature is taken today: practitioners who may close months, names by account."""
    known = staff_details.practitioners(db, at_ms)
    return {
        one.id: one.full_name
        for one in staff.everyone(db)
        if one.id in known
        and one.disabled_at_ms is None
        and allowed(one.role, Permission.CLOSE_MONTHS)
    }


@post(
    "/patients/{patient_id:str}/months/{month:str}",
    opt={"permission": Permission.CLOSE_MONTHS},
    sync_to_thread=True,
)
def change_month(
    visit: SignedIn, form: Filled, patient_id: FromPath[str], month: FromPath[str]
) -> Response[Any]:
    """Close, sign or open again."""
    month, who, now = checked(month), visit.session.staff_id, visit.now_ms
    try:
        with visit.store.write() as db:
            match form.text("do"):
                case "close":
                    closing.close(db, patient_id, month, author=who, at_ms=now)
                case "sign":
                    digest = form.text("digest")
                    closing.sign(db, patient_id, month, digest=digest, staff_id=who, at_ms=now)
                case "reopen":
                    reason = form.text("reason")
                    closing.reopen(db, patient_id, month, reason=reason, author=who, at_ms=now)
                case _:
                    _refuse("Choose what to do with the month.")
    except Refused as problem:
        return patient_page(visit, patient_id, month, str(problem))
    return Redirect(f"/patients/{patient_id}/months/{month}", status_code=303)


def checked(month: str) -> str:
    """A month as it is written, or Refused."""
    if not _MONTH.fullmatch(month) or not "1900" <= month[:4] < "2200":
        raise Refused("Give the month as 2026-01.")
    return month


def _refuse(words: str) -> None:
    raise Refused(words)


def last_month(visit: Visit) -> str:
    """The month before the running one at the practice."""
    today = local(visit.now_ms, visit.counter.config.zone).date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


HANDLERS = (month_list, month_page, change_month)
