"""Care management: plans with their elements and sharing, decision making, the family of codes."""

from typing import Annotated, ClassVar, Literal

import msgspec

from cloud_sync.ledger.facts.base import Day, Entry, Id, Short, Words
from cloud_sync.rules.shape import BILLING, LaneChoiceName, MonthText

# Typical elements of a comprehensive care plan (MLN909188), then what complex care adds.
Element = Literal[
    "problems",
    "prognosis",
    "goals",
    "cognitive_functional",
    "symptoms",
    "interventions",
    "medication",
    "environment",
    "caregiver",
    "outside_providers",
    "community_services",
    "review",
    "specific_goals",
    "medication_reconciliation",
    "treating_providers",
]
ELEMENTS: dict[str, str] = {
    "problems": "Problem list",
    "prognosis": "Expected outcome and prognosis",
    "goals": "Measurable treatment goals",
    "cognitive_functional": "Cognitive and functional assessment",
    "symptoms": "Symptom management",
    "interventions": "Planned interventions, and who is responsible",
    "medication": "Medication management",
    "environment": "Environmental evaluation",
    "caregiver": "Caregiver assessment",
    "outside_providers": "Interaction with outside providers and resources",
    "community_services": "Community and social services",
    "review": "Periodic review and revision",
    "specific_goals": "Complex care: specific goals",
    "medication_reconciliation": "Complex care: medication reconciliation",
    "treating_providers": "Complex care: coordination with all treating providers",
}


class CarePlan(Entry, frozen=True, kw_only=True):
    """One version of the care plan. `elements` has the text of those that were written."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset(
        {"on", "practitioner", "shared_with_patient", "substantially_revised"}
    )
    on: Day
    practitioner: Short = BILLING
    shared_with_patient: bool = True
    substantially_revised: bool = False
    version: Annotated[int, msgspec.Meta(ge=1)] | None = None
    elements: dict[Element, Words] = {}  # noqa: RUF012 - msgspec copies it
    kept_in: Short | None = None  # where the plan lies, if not here
    written_by: Short | None = None


class PlanShare(Entry, frozen=True, kw_only=True):
    """A copy of a plan given to somebody: when, how, to whom."""

    plan: Id
    on: Day
    how: Literal["paper", "mail", "portal", "email", "read_aloud"]
    to: Literal["patient", "caregiver", "provider"]
    name: Short | None = None
    given_by: Short | None = None


class DecisionMaking(Entry, frozen=True, kw_only=True):
    """The documented complexity of medical decision making of a month."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"month", "level", "practitioner"})
    month: MonthText
    level: Literal["low", "moderate", "high"]
    practitioner: Short = BILLING
    basis: Words | None = None


class LaneChoice(Entry, frozen=True, kw_only=True):
    """Which family of CCM codes the practice chose for a month."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"month", "lane"})
    month: MonthText
    lane: LaneChoiceName
    reason: Words | None = None
