"""The description of work that stopping a clock, late entries and splits share, and its advice."""

from datetime import date

from litestar import Response, post

from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.care_time import Links
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules.notes import advice
from cloud_sync.rules.tables import BUNDLED
from cloud_sync.web.counter import SignedIn
from cloud_sync.web.forms import Filled, Form
from cloud_sync.web.permissions import Permission

# Which work belongs to which program: a convention of the field, no list of CMS.
ACTIVITIES = {
    "RPM": (
        "Reviewed readings and trends",
        "Followed up an alert",
        "Called about a reading",
        "Coached on technique",
        "Changed treatment because of readings",
    ),
    "CCM": (
        "Care plan and goals",
        "Medication reconciliation",
        "Specialist or referral",
        "Home health or pharmacy",
        "Lab results",
        "Disease education",
        "Social needs",
    ),
    "other": ("Visit", "Other work, billed otherwise"),
}
MODE_WORDS = {
    "none": "no contact",
    "phone": "phone",
    "video": "video",
    "in_person": "in person",
    "text": "text message",
    "voicemail": "voicemail",
    "portal": "portal message",
}
FIELDS = ("activity", "note", "mode", "interactive", "direction", "party", "as_is")


class NoteAdvice(Refused):
    """The note will not count as it stands: it comes back with what to add, or is kept as it is."""


def work_of(form: Form, program: str, day: date, prefix: str = "") -> Work:
    """The worker's description of the work; NoteAdvice unless it is sound or meant as it is."""
    note = form.text(f"{prefix}note")
    found = advice(note, program, BUNDLED.notes_on(day)) if note else None
    if found is not None and not form.ticked(f"{prefix}as_is"):
        raise NoteAdvice(found.sentence)
    live, party = form.ticked(f"{prefix}interactive"), form.text(f"{prefix}party")
    direction = form.text(f"{prefix}direction")
    if live and not (direction and party in ("patient", "caregiver")):
        raise Refused(
            "A live conversation is with the patient or a caregiver: choose with whom,"
            " and who began it."
        )
    return Work(
        activity=form.text(f"{prefix}activity"),
        note=note,
        mode=form.text(f"{prefix}mode") or "none",
        interactive=live,
        direction=direction or None,
        party=party or None,
        patients=form.number("patients", "Patients in this activity") or 1,
    )


def links_of(form: Form) -> Links:
    """The readings, alerts and plans that were ticked."""
    try:
        readings = tuple(bytes.fromhex(text) for text in form.many("reviewed"))
    except ValueError:
        raise Refused("A reading in the form cannot be read: load the page again.") from None
    return Links(
        readings=readings, alerts=tuple(form.many("alert")), plans=tuple(form.many("plan"))
    )


@post("/note-advice", opt={"permission": Permission.OWN_ACCOUNT}, sync_to_thread=True)
def note_advice(visit: SignedIn, form: Filled) -> Response[dict[str, str]]:
    """What to add to a note while it is being written; nothing is kept of it."""
    day = local(visit.now_ms, visit.counter.config.zone).date()
    note = form.text("note")
    found = advice(note, form.text("program"), BUNDLED.notes_on(day)) if note else None
    return Response({"advice": found.sentence if found else ""}, status_code=200)


HANDLERS = (note_advice,)
