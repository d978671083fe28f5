"""Releasing signed months to billing: one, or all that wait; and the charge list of a month."""

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from cloud_sync.export.charges import charge_list
from cloud_sync.ledger import people, release_rows, releasing, snapshots
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.counter import Page, SignedIn
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.pages.closing import checked, last_month, list_page, patient_page
from cloud_sync.web.permissions import Permission
from cloud_sync.web.words import plural

AT_ONCE = 250  # months in one request: a few seconds


@post(
    "/patients/{patient_id:str}/months/{month:str}/release",
    opt={"permission": Permission.RELEASE_MONTHS},
    sync_to_thread=True,
)
def release_month(
    visit: SignedIn, form: Filled, patient_id: FromPath[str], month: FromPath[str]
) -> Response[Any]:
    """Release exactly the version that was shown, with the lines that a person decided about."""
    month = checked(month)
    try:
        with visit.store.write() as db:
            releasing.make(
                db,
                patient_id,
                month,
                author=visit.session.staff_id,
                at_ms=visit.now_ms,
                decisions=_decisions(form, snapshots.latest(db, patient_id, month)),
                digest=form.text("digest"),
            )
    except Refused as problem:
        return patient_page(visit, patient_id, month, str(problem))
    return Redirect(f"/patients/{patient_id}/months/{month}", status_code=303)


def _decisions(form: Form, shown: snapshots.Snapshot | None) -> dict[str, str]:
    """The reason typed beside each line that waits for a person; empty means: not this one."""
    if shown is None:
        return {}
    names = (releasing.name_of(line) for line in releasing.waiting_lines(shown))
    return {name: form.text(name) for name in names if form.text(name)}


@post("/closing/release", opt={"permission": Permission.RELEASE_MONTHS}, sync_to_thread=True)
def release_all(visit: SignedIn, form: Filled) -> Page:
    """Release the billable lines of every signed month that waits, and say what stayed."""
    month = checked(form.text("month"))
    with visit.store.read() as db:
        waiting = releasing.waiting(db, month)
    found = list(
        releasing.make_all(
            visit.store,
            waiting[:AT_ONCE],
            month,
            author=visit.session.staff_id,
            at_ms=visit.now_ms,
        )
    )
    words = [f"{plural(sum(one.release is not None for one in found), 'month')} released."]
    with visit.store.read() as db:
        words += [
            f"{people.find(db, one.patient_id).name}: {one.problem}" for one in found if one.problem
        ]
    if len(waiting) > AT_ONCE:
        words.append(f"{plural(len(waiting) - AT_ONCE, 'month')} more: release again.")
    return list_page(visit, month, notice=" ".join(words))


@get("/closing/charges.csv", opt={"permission": Permission.RELEASE_MONTHS}, sync_to_thread=True)
def charges(visit: SignedIn, month: FromQuery[str] = "") -> Response[bytes]:
    """What stands released of the month, one line a code."""
    month = checked(month or last_month(visit))
    with visit.store.read() as db:
        ids = [one.id for one in people.everyone(db)]
        known = release_rows.of_month(db, month, ids)
        raw = charge_list(db, [known[one] for one in ids if one in known])
    return Response(
        raw,
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="charges-{month}.csv"'},
    )


HANDLERS = (release_month, release_all, charges)
