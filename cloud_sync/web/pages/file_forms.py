"""From a form of the file page to the entry it describes, with words for what is missing."""

from collections.abc import Callable
from datetime import date
from typing import Any

from cloud_sync.ledger.facts.care import ELEMENTS
from cloud_sync.ledger.refused import Refused
from cloud_sync.web.file_words import MEASURES, TOLD
from cloud_sync.web.forms import Form

CONSENT_MODES = ("verbal", "written", "electronic")
LEVELS = ("low", "moderate", "high")
LANES = {
    "staff": "clinical staff",
    "practitioner": "the practitioner in person",
    "complex": "complex",
}
_PROGRAMS = ("RPM", "CCM")


def body_of(kind: str, form: Form, today: date) -> dict[str, Any]:
    """The entry that this form describes; what was left empty is left out. Refused, in words.

    `today` is the patient's: nothing on file can have happened tomorrow.
    """
    read = _READ.get(kind)
    if read is None:
        raise Refused("Choose what to put on record.")
    body = {key: value for key, value in read(form).items() if value not in (None, "", [], {})}
    for key in ("given_on", "ordered_on", "on", "start", "set_up_on", "educated_on"):
        if kind != "other_claims" and str(body.get(key, "")) > today.isoformat():
            raise Refused("That date lies in the future: record it when it has happened.")
    return body


def end_of(kind: str, identity: str, form: Form) -> tuple[str, dict[str, Any]]:
    """The kind and body of the entry that ends this one: a revocation, an episode's end."""
    on = form.needed_day("on", "On").isoformat()
    if not form.text("reason"):
        raise Refused("Say why it ends: an auditor will ask.")
    if kind == "consents":
        body = {"consent": identity, "revoked_on": on, "reason": form.text("reason")}
        more = {"mode": form.text("mode"), "taken_by": form.text("by")}
        return "revocations", body | {key: value for key, value in more.items() if value}
    if kind == "episodes":
        return "episode_ends", {"episode": identity, "end": on, "reason": form.text("reason")}
    raise Refused("This entry cannot be ended.")


def _consent(form: Form) -> dict[str, Any]:
    return {
        "program": _one_of(form, "program", _PROGRAMS, "Choose the program."),
        "given_on": _day(form, "on", "Given on"),
        "mode": _one_of(form, "mode", CONSENT_MODES, "Say how consent was given."),
        "documented": form.ticked("documented"),
        "told": [one for one in TOLD if one in form.many("told")],
        "script_version": form.text("script_version"),
        "taken_by": form.text("by"),
        "given_by": form.text("given_by"),
        "representative": form.text("representative"),
        "documented_in": form.text("documented_in"),
        "practitioner": form.text("practitioner"),
    }


def _order(form: Form) -> dict[str, Any]:
    return {
        "program": "RPM",
        "ordered_on": _day(form, "on", "Ordered on"),
        "conditions": codes(form.text("conditions")),
        "parameters": [one for one in MEASURES if one in form.many("parameters")],
        "frequency": form.text("frequency"),
        "until": _maybe(form, "until", "Until"),
        "practitioner": form.text("practitioner"),
        "note": form.text("note"),
    }


def _visit(form: Form) -> dict[str, Any]:
    programs = [program for program in _PROGRAMS if form.ticked(program.lower())]
    return {
        "on": _day(form, "on", "Visit on"),
        "kind": form.text("visit_kind"),
        "code": form.text("code").upper(),
        "practitioner": form.text("practitioner"),
        "note": form.text("note"),
    } | ({"discussed": programs} if programs else {})


def _episode(form: Form) -> dict[str, Any]:
    return {
        "program": _one_of(form, "program", _PROGRAMS, "Choose the program."),
        "start": _day(form, "on", "Began on"),
        "reason": form.text("reason"),
        "set_up_on": _maybe(form, "set_up_on", "Set up on"),
        "educated_on": _maybe(form, "educated_on", "Taught on"),
    }


def _set_up(form: Form) -> dict[str, Any]:
    taught_on = _maybe(form, "educated_on", "Taught on")
    set_up_on = _maybe(form, "set_up_on", "Set up on")
    return {
        "set_up_on": set_up_on,
        "set_up_by": form.text("set_up_by") if set_up_on else "",
        "device": form.text("device") if set_up_on else "",
        "educated_on": taught_on,
        "educated_by": form.text("educated_by") if taught_on else "",
        "taught": [one for one in ("patient", "caregiver") if one in form.many("taught")],
        "topics": form.text("topics"),
        "shown_back": form.ticked("shown_back") or None,
    }


def _plan(form: Form) -> dict[str, Any]:
    return {
        "on": _day(form, "on", "Made or revised on"),
        "shared_with_patient": form.ticked("shared"),
        "substantially_revised": form.ticked("revised"),
        "version": form.number("version", "Version"),
        "elements": {one: text for one in ELEMENTS if (text := form.text(f"element_{one}"))},
        "kept_in": form.text("kept_in"),
        "written_by": form.text("by"),
        "practitioner": form.text("practitioner"),
    }


def _share(form: Form) -> dict[str, Any]:
    return {
        "plan": form.text("plan"),
        "on": _day(form, "on", "Given on"),
        "how": form.text("how"),
        "to": form.text("to"),
        "name": form.text("name"),
        "given_by": form.text("by"),
    }


def _decision(form: Form) -> dict[str, Any]:
    return {
        "month": _month(form),
        "level": _one_of(form, "level", LEVELS, "Say how complex the decision making was."),
        "basis": form.text("basis"),
        "practitioner": form.text("practitioner"),
    }


def _lane(form: Form) -> dict[str, Any]:
    lane = _one_of(form, "lane", tuple(LANES), "Choose the family of codes.")
    return {"month": _month(form), "lane": lane, "reason": form.text("reason")}


def _stay(form: Form) -> dict[str, Any]:
    return {
        "kind": _one_of(form, "stay_kind", ("inpatient", "snf"), "Say what kind of stay it was."),
        "from": _day(form, "from", "From"),
        "to": _day(form, "to", "To"),
        "facility": form.text("facility"),
        "told_by": form.text("told_by"),
    }


def _claim(form: Form) -> dict[str, Any]:
    return {
        "code": form.text("code").upper(),
        "month": form.text("month"),
        "on": _maybe(form, "on", "On the day"),
        "practitioner": form.text("claimed_by"),
        "practice": form.text("practice"),
        "told_by": form.text("told_by"),
    }


def _patient(form: Form) -> dict[str, Any]:
    if not form.text("conditions"):
        return {"established_on": _day(form, "on", "Patient of the practice since")}
    # As the form's words define a chronic condition (MLN909188).
    return {
        "conditions": [
            {"icd10": code, "expected_months": 12, "risk": True}
            for code in codes(form.text("conditions"))
        ]
    }


_READ: dict[str, Callable[[Form], dict[str, Any]]] = {
    "consents": _consent,
    "orders": _order,
    "initiating_visits": _visit,
    "episodes": _episode,
    "set_ups": _set_up,
    "care_plans": _plan,
    "plan_shares": _share,
    "decision_making": _decision,
    "lane_choices": _lane,
    "stays": _stay,
    "other_claims": _claim,
    "patient": _patient,
    "billing_practitioner": lambda form: {"staff": form.text("staff")},
}


def codes(text: str) -> list[str]:
    """ICD-10 codes separated by commas; the ledger looks at each."""
    return [code.strip().upper() for code in text.split(",") if code.strip()]


def _one_of(form: Form, name: str, choices: tuple[str, ...], words: str) -> str:
    if form.text(name) not in choices:
        raise Refused(words)
    return form.text(name)


def _day(form: Form, name: str, label: str) -> str:
    return form.needed_day(name, label).isoformat()


def _maybe(form: Form, name: str, label: str) -> str | None:
    found = form.day(name, label)
    return found.isoformat() if found else None


def _month(form: Form) -> str:
    try:
        date.fromisoformat(f"{form.text('month')}-01")
    except ValueError:
        raise Refused("Give the month as 2026-01.") from None
    return form.text("month")
