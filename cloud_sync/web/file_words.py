"""How the entries of a patient's file are said: one line for a list, the rest beneath it."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloud_sync.ledger.facts.care import ELEMENTS
from cloud_sync.ledger.people import Fact

KINDS = {
    "consents": "Consent",
    "revocations": "Revocation",
    "orders": "Order",
    "initiating_visits": "Initiating visit",
    "care_plans": "Care plan",
    "plan_shares": "Plan shared",
    "decision_making": "Decision making",
    "lane_choices": "CCM family",
    "episodes": "Episode of care",
    "episode_ends": "End of an episode",
    "set_ups": "Set-up and teaching",
    "stays": "Stay",
    "other_claims": "Other claim",
    "patient": "Patient",
    "billing_practitioner": "Billing practitioner",
}
GROUPS = {
    "Patient": ("patient", "billing_practitioner"),
    "Agreement and order": ("consents", "revocations", "orders", "initiating_visits"),
    "Monitoring": ("episodes", "episode_ends", "set_ups"),
    "Care management": ("care_plans", "plan_shares", "decision_making", "lane_choices"),
    "Elsewhere": ("stays", "other_claims"),
}
TOLD = {
    "service": "what the service is",
    "cost_sharing": "that cost sharing may apply",
    "one_practitioner": "only one practitioner may bill for it",
    "right_to_stop": "the right to stop at any time",
    "how_often": "how often",
    "data_sent": "which data are sent, and to whom",
    "no_emergency_service": "it is no emergency service",
    "privacy": "how the data are protected",
}
# What CMS's elements of consent ask for in any case (rules.md 8).
TOLD_AT_LEAST = ("service", "cost_sharing", "one_practitioner", "right_to_stop")
MEASURES = {
    "blood_pressure": "blood pressure",
    "glucose": "glucose",
    "pulse_oximetry": "oxygen saturation",
    "temperature": "temperature",
    "weight": "weight",
    "body_composition": "body composition",
}
VISITS = {
    "office_visit": "office visit",
    "annual_wellness": "annual wellness visit",
    "welcome_to_medicare": "Welcome to Medicare visit",
    "tcm": "transitional care visit",
}
HOW_SHARED = {
    "paper": "on paper",
    "mail": "by mail",
    "portal": "through the portal",
    "email": "by e-mail",
    "read_aloud": "read aloud",
}
_LABELS = {
    "told": "Told",
    "script_version": "Script",
    "taken_by": "Taken by",
    "given_by": "Given by",
    "representative": "Representative",
    "documented_in": "Documented in",
    "reason": "Why",
    "mode": "How",
    "practitioner": "Practitioner",
    "conditions": "For",
    "parameters": "Measures",
    "frequency": "How often",
    "until": "Until",
    "kind": "Kind",
    "code": "Code",
    "set_up_by": "Set up by",
    "device": "Device",
    "educated_by": "Taught by",
    "taught": "Who was taught",
    "topics": "Topics",
    "kept_in": "Kept in",
    "written_by": "Written by",
    "name": "Name",
    "basis": "Because",
    "facility": "Facility",
    "told_by": "Told by",
    "practice": "Practice",
    "note": "Note",
}
_IN_LINE = {
    "consents": ("mode", "documented"),
    "revocations": ("mode",),
    "patient": ("conditions",),
    "initiating_visits": ("kind",),
    "stays": ("kind",),
    "other_claims": ("code",),
    "set_ups": (),
}


def fact_words(fact: Fact) -> str:  # noqa: C901, PLR0912 - one case a kind
    """One entry of the file in a line."""
    body = {key: item for key, item in fact.body.items() if item not in (None, "", False)}
    match fact.kind:
        case "consents":
            documented = "documented" if fact.body.get("documented", True) else "not documented"
            mode = body.get("mode", "consent")
            revoked = f", revoked {body['revoked_on']}" if "revoked_on" in body else ""
            given = body.get("given_on")
            return f"{body.get('program')} consent, {mode}, {given}, {documented}{revoked}"
        case "revocations":
            return f"Consent revoked {body.get('revoked_on')}"
        case "orders":
            return f"{body.get('program')} order of {body.get('ordered_on')}"
        case "patient":
            return _patient_words(body)
        case "initiating_visits":
            discussed = ", ".join(body.get("discussed", ())) or "no program"
            kind = f" ({VISITS[body['kind']]})" if "kind" in body else ""
            return f"Visit of {body.get('on')}{kind}, discussed: {discussed}"
        case "care_plans":
            shared = (
                "shared" if fact.body.get("shared_with_patient", True) else "no copy given with it"
            )
            revised = ", substantially revised" if body.get("substantially_revised") else ""
            version = f", version {body['version']}" if "version" in body else ""
            return f"Care plan of {body.get('on')}{version}, {shared}{revised}"
        case "plan_shares":
            how = HOW_SHARED.get(str(body.get("how")), "")
            return f"Plan given to {body.get('to')} {how} on {body.get('on')}"
        case "episodes":
            taught = f", patient taught {body['educated_on']}" if "educated_on" in body else ""
            ready = f", device set up {body['set_up_on']}" if "set_up_on" in body else ""
            ended = f", ended {body['end']}" if "end" in body else ""
            return f"{body.get('program')} episode from {body.get('start')}{ready}{taught}{ended}"
        case "episode_ends":
            return f"Episode ended {body.get('end')}"
        case "set_ups":
            parts = [
                f"{words} {body[key]}"
                for key, words in (("set_up_on", "device set up"), ("educated_on", "taught"))
                if key in body
            ]
            return ", ".join(parts).capitalize()
        case "decision_making":
            return f"Decision making in {body.get('month')}: {body.get('level')}"
        case "lane_choices":
            return f"CCM family of {body.get('month')}: {body.get('lane')}"
        case "stays":
            kind = "Nursing facility" if body.get("kind") == "snf" else "Inpatient"
            return f"{kind} stay, {body.get('from')} to {body.get('to')}"
        case "other_claims":
            when = body.get("month") or body.get("on")
            return f"{body.get('code')} billed for {when}"
        case _:
            return "Billing practitioner recorded"


def _patient_words(body: Mapping[str, Any]) -> str:
    parts = []
    if "established_on" in body:
        parts.append(f"Patient of the practice since {body['established_on']}")
    if "conditions" in body:
        names = ", ".join(str(one.get("icd10")) for one in body["conditions"])
        parts.append(f"Chronic conditions: {names}")
    return "; ".join(parts) or "Patient details"


def fact_details(fact: Fact, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the line leaves out, each with its label; an account's id shows as its name."""
    said = _IN_LINE.get(fact.kind, ())
    for key, item in fact.body.items():
        if key == "elements":
            for element, text in item.items():
                yield ELEMENTS[element], str(text)
        elif key in _LABELS and key not in said and item not in (None, "", [], False, "P1"):
            yield _LABELS[key], _said(item, names)
    if fact.body.get("shown_back"):
        yield "Shown back", "yes"
    if fact.kind == "billing_practitioner":
        yield "Account", names.get(str(fact.body.get("staff")), "")
    yield from _gaps(fact)


def _gaps(fact: Fact) -> Iterator[tuple[str, str]]:
    """What an auditor will look for and not find."""
    if fact.kind == "consents":
        missing = [TOLD[one] for one in TOLD_AT_LEAST if one not in fact.body.get("told", ())]
        if missing:
            yield "▲ Not recorded as told", "; ".join(missing)
    if fact.kind == "orders":
        wanted = {"conditions": "the condition", "parameters": "what to measure"}
        wanted |= {"frequency": "how often"}
        missing = [words for key, words in wanted.items() if not fact.body.get(key)]
        if missing:
            yield "▲ Auditors ask for", ", ".join(missing)


def _said(item: object, names: Mapping[str, str]) -> str:
    if isinstance(item, list):
        return "; ".join(_said(one, names) for one in item)
    text = str(item)
    return names.get(text) or TOLD.get(text) or MEASURES.get(text) or text.replace("_", " ")
