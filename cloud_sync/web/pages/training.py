"""Practice cases: what there is to practise, a trainee's cases, and the review of each log."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cloud_sync.ledger import care_entries, people, training, training_start
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn, Visit
from cloud_sync.web.forms import Filled
from cloud_sync.web.pages.work import MODE_WORDS
from cloud_sync.web.permissions import Permission

_FOR_EVER = (0, 2**53)


@get("/training", opt={"permission": Permission.PRACTISE}, sync_to_thread=True)
def case_list(visit: SignedIn) -> Page:
    """Scripts to begin; one's own cases, and for a reviewer everybody's."""
    reviewer = visit.may(Permission.REVIEW_PRACTICE.value)
    with visit.store.read() as db:
        _needed(visit)
        cases = training.cases(db, None if reviewer else visit.session.staff_id)
        reviewed = training.reviewed_counts(db)
        known = [one for one in cases if one.scenario in training_start.scenarios()]
        sound = {one.id: training_start.verdict(db, one).sound for one in known[:100]}
    return visit.page(
        "training.html",
        scenarios=training_start.scenarios(),
        cases=cases,
        reviewed=reviewed,
        sound=sound,
        reviewer=reviewer,
    )


@post("/training", opt={"permission": Permission.PRACTISE}, sync_to_thread=True)
def begin(visit: SignedIn, form: Filled) -> Redirect:
    """Begin a case with a patient of one's own."""
    with visit.store.write() as db:
        case_id = training_start.start(
            db,
            visit.store,
            form.text("scenario"),
            trainee=visit.session.staff_id,
            zone=visit.counter.config.zone,
            at_ms=visit.now_ms,
        )
    return Redirect(f"/training/{case_id}", status_code=303)


@get("/training/{case_id:str}", opt={"permission": Permission.PRACTISE}, sync_to_thread=True)
def case_page(visit: SignedIn, case_id: FromPath[str]) -> Page:
    """The story, the log with its marks, and the reviewer's words."""
    return _page(visit, case_id, None)


def _page(visit: Visit, case_id: str, problem: str | None) -> Page:
    _needed(visit)
    with visit.store.read() as db:
        case = training.case_of(db, case_id)
        reviewer = visit.may(Permission.REVIEW_PRACTICE.value)
        if case.author != visit.session.staff_id and not reviewer:
            raise Refused("This is another trainee's case.")
        entries = care_entries.of_patient(db, case.patient_id, *_FOR_EVER)
        patient = people.find(db, case.patient_id)
        verdict = training_start.verdict(db, case)
        reviews = training.reviews(db, case_id)
    return visit.page(
        "training_case.html",
        status=409 if problem else 200,
        case=case,
        script=training_start.scenario_of(case),
        patient=patient,
        entries=entries,
        verdict=verdict,
        reviews=reviews,
        may_review=reviewer and case.author != visit.session.staff_id,
        modes=MODE_WORDS,
        problem=problem,
    )


@post(
    "/training/{case_id:str}", opt={"permission": Permission.REVIEW_PRACTICE}, sync_to_thread=True
)
def add_review(visit: SignedIn, form: Filled, case_id: FromPath[str]) -> Response[Any]:
    """A reviewer's words on an entry or on the case; they stay."""
    try:
        with visit.store.write() as db:
            training.review(
                db,
                case_id,
                care_time_id=form.text("entry") or None,
                verdict=form.text("verdict"),
                words=form.text("words"),
                reviewer=visit.session.staff_id,
                at_ms=visit.now_ms,
            )
    except Refused as problem:
        return _page(visit, case_id, str(problem))
    return Redirect(f"/training/{case_id}", status_code=303)


def _needed(visit: Visit) -> None:
    if not visit.counter.training:
        raise Refused(
            "This is no training practice. Make one beside it: vitals-clinic init DIRECTORY"
            " --training."
        )


HANDLERS = (case_list, begin, case_page, add_review)
