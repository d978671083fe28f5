"""What a patient's file may hold: one typed struct for each kind of entry, checked when recorded.

An entry is stored as its JSON; a key added later is optional, since what was recorded stays
readable. The keys that the rules judge are the case file's own, under the same names.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from cloud_sync.ledger.facts.agreement import Consent, Order, Revocation, Visit
from cloud_sync.ledger.facts.base import Entry
from cloud_sync.ledger.facts.care import CarePlan, DecisionMaking, LaneChoice, PlanShare
from cloud_sync.ledger.facts.course import Episode, EpisodeEnd, OtherClaim, SetUp, Stay
from cloud_sync.ledger.facts.person import BillingPractitioner, PatientEntry
from cloud_sync.ledger.refused import Refused

__all__ = ["KINDS", "REFERENCES", "case_entry", "check"]

KINDS: dict[str, type[Entry]] = {
    "consents": Consent,
    "revocations": Revocation,
    "orders": Order,
    "initiating_visits": Visit,
    "episodes": Episode,
    "episode_ends": EpisodeEnd,
    "set_ups": SetUp,
    "care_plans": CarePlan,
    "plan_shares": PlanShare,
    "decision_making": DecisionMaking,
    "lane_choices": LaneChoice,
    "stays": Stay,
    "other_claims": OtherClaim,
    "patient": PatientEntry,
    "billing_practitioner": BillingPractitioner,
}
# An entry about another entry: the key that holds its id, and what kind that one must be.
REFERENCES = {
    "revocations": ("consent", "consents"),
    "episode_ends": ("episode", "episodes"),
    "plan_shares": ("plan", "care_plans"),
}


def check(kind: str, body: Mapping[str, Any]) -> Entry | None:
    """The entry, read; None for an empty one, which takes away what it corrects. Else Refused."""
    struct = KINDS.get(kind)
    if struct is None:
        raise Refused(f"Such an entry is one of: {', '.join(KINDS)}.")
    if not body:
        return None
    try:
        entry = msgspec.convert(dict(body), struct)
    except msgspec.ValidationError as error:
        raise Refused(f"This entry cannot be read: {_words(error, struct)}") from None
    problem = entry.problem()
    if problem is not None:
        raise Refused(f"This entry cannot be read: {problem}")
    return entry


def case_entry(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a stored entry that the case file has, exactly as it was recorded."""
    return {key: value for key, value in body.items() if key in KINDS[kind].CASE_KEYS}


def _words(error: msgspec.ValidationError, struct: type[Entry]) -> str:
    message, _, path = str(error).partition(" - at ")
    where = path.strip("`").removeprefix("$").lstrip(".")
    text = f"{where}: {message}." if where else f"{message}."
    if "unknown field" in message and not where:
        names = (field.encode_name for field in msgspec.structs.fields(struct))
        return f"{text} It may have: {', '.join(names)}."
    return text
