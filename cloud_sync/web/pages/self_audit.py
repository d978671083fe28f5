"""The self-audit: an auditor's questions, the figures, and everything a figure counts."""

from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery

from cloud_sync.export import self_audit as report
from cloud_sync.ledger import people, staff
from cloud_sync.ledger.audit_facts import MOST_MONTHS, months_between, practice_facts
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.sessions import Session
from cloud_sync.rules.audit import audit
from cloud_sync.rules.audit.finding import Finding
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.permissions import Permission

PAGE_SIZE = 50
KEPT_MS = 10 * 60 * 1000
_USUAL_MONTHS = 6
_HALF_A_YEAR = timedelta(days=30 * (_USUAL_MONTHS - 1))


@get("/self-audit", opt={"permission": Permission.READ_SELF_AUDIT}, sync_to_thread=True)
def overview(
    request: Request[Any, Session, Any],
    visit: SignedIn,
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    anew: FromQuery[str] = "",
) -> Page:
    """Every question with its figures; the last six months where none are said."""
    months = _months(visit, since, until)
    answers = _answers(request, visit, months, anew)
    return visit.page("self_audit.html", months=months, answers=answers, most=MOST_MONTHS)


@get("/self-audit/{key:str}", opt={"permission": Permission.READ_SELF_AUDIT}, sync_to_thread=True)
def question(  # noqa: PLR0913, PLR0917 - what the address says
    request: Request[Any, Session, Any],
    visit: SignedIn,
    key: FromPath[str],
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Everything that one question's figures count, with a link to each."""
    months = _months(visit, since, until)
    answers = _answers(request, visit, months)
    found = next((one for one in answers.findings if one.question.key == key), None)
    if found is None:
        raise Refused("There is no such question.")
    pages = max(1, -(-len(found.evidence) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    with visit.store.read() as db:
        patients = {one.id: one for one in people.everyone(db)}
        workers = {one.id: one.full_name for one in staff.everyone(db)}
    return visit.page(
        "self_audit_question.html",
        months=months,
        answers=answers,
        found=found,
        shown=found.evidence[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        patients=patients,
        workers=workers,
        page=page,
        pages=pages,
    )


@get("/self-audit.csv", opt={"permission": Permission.READ_SELF_AUDIT}, sync_to_thread=True)
def download(
    request: Request[Any, Session, Any],
    visit: SignedIn,
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
) -> Response[str]:
    """The same as a table, one piece of evidence a line."""
    months = _months(visit, since, until)
    with visit.store.read() as db:
        records = {one.id: one.record_number or "" for one in people.everyone(db)}
        workers = {one.id: one.full_name for one in staff.everyone(db)}
    name = f"self-audit-{months[0]}-to-{months[-1]}.csv"
    return Response(
        report.table(_answers(request, visit, months).findings, records, workers),
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


class Audits:
    """The latest answers, kept for ten minutes: a large practice's take a minute to find."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[tuple[str, ...], Answers] = {}

    def ask(self, visit: Visit, months: tuple[str, ...], *, anew: bool) -> "Answers":
        """Kept ones where they are young enough; two who ask at once wait for one answer."""
        with self._lock:
            found = self._kept.get(months)
            if found is None or anew or not 0 <= visit.now_ms - found.at_ms < KEPT_MS:
                with visit.store.read() as db:
                    facts = practice_facts(db, months, visit.counter.config.zone, visit.now_ms)
                found = Answers(at_ms=visit.now_ms, findings=audit(facts))
                self._kept = {months: found}
            return found


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What was found, and when."""

    at_ms: int
    findings: tuple[Finding, ...]


def _answers(
    request: Request[Any, Session, Any], visit: Visit, months: tuple[str, ...], anew: str = ""
) -> Answers:
    audits: Audits = request.app.state.audits
    return audits.ask(visit, months, anew=bool(anew))


def _months(visit: Visit, since: str, until: str) -> tuple[str, ...]:
    today = local(visit.now_ms, visit.counter.config.zone).date()
    last = until or f"{today:%Y-%m}"
    try:
        return months_between(since or f"{today.replace(day=15) - _HALF_A_YEAR:%Y-%m}", last)
    except ValueError as error:
        raise Refused(f"Give the months as 2026-01: {error}.") from None


HANDLERS = (overview, question, download)
