"""What a program rests on before it begins: consent, order, initiating visit."""

from typing import ClassVar, Literal

from cloud_sync.ledger.facts.base import Day, Entry, Icd10, Id, Mode, Program, Short, Words, before
from cloud_sync.rules.shape import BILLING, Code

# What a patient is told before agreeing: CMS's elements of consent for care management (rules.md
# 8), and what a monitoring consent adds: what is sent, and that nobody watches round the clock.
Told = Literal[
    "service",
    "cost_sharing",
    "one_practitioner",
    "right_to_stop",
    "how_often",
    "data_sent",
    "no_emergency_service",
    "privacy",
]
Measure = Literal[
    "blood_pressure",
    "glucose",
    "pulse_oximetry",
    "temperature",
    "weight",
    "body_composition",
]


class Consent(Entry, frozen=True, kw_only=True):
    """Agreement to one program of one practitioner, in force from `given_on`."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset(
        {"program", "given_on", "mode", "documented", "practitioner", "revoked_on"}
    )
    program: Program
    given_on: Day
    mode: Mode = "written"
    documented: bool = True
    practitioner: Short = BILLING
    revoked_on: Day | None = None  # entries of before `revocations`
    told: tuple[Told, ...] = ()
    script_version: Short | None = None
    taken_by: Short | None = None  # an account's id, or a name
    given_by: Literal["patient", "representative"] | None = None
    representative: Short | None = None
    documented_in: Short | None = None
    note: Words | None = None

    def problem(self) -> str | None:
        if before(self.given_on, self.revoked_on):
            return "a consent cannot be revoked before it was given."
        if self.given_by == "representative" and self.representative is None:
            return "name the representative who gave it."
        return None


class Revocation(Entry, frozen=True, kw_only=True):
    """The end of a consent: the patient no longer wants the program."""

    consent: Id
    revoked_on: Day
    reason: Words
    mode: Mode | None = None
    taken_by: Short | None = None


class Order(Entry, frozen=True, kw_only=True):
    """A practitioner's order for monitoring. Auditors ask: who, when, why, what, how often."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"program", "ordered_on", "practitioner"})
    program: Literal["RPM"]
    ordered_on: Day
    practitioner: Short = BILLING
    conditions: tuple[Icd10, ...] = ()
    parameters: tuple[Measure, ...] = ()
    frequency: Short | None = None
    until: Day | None = None
    note: Words | None = None

    def problem(self) -> str | None:
        if before(self.ordered_on, self.until):
            return "an order cannot end before it was given."
        return None


class Visit(Entry, frozen=True, kw_only=True):
    """An initiating visit and the programs discussed at it."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"on", "practitioner", "discussed"})
    on: Day
    practitioner: Short = BILLING
    discussed: tuple[Program, ...] = ()
    kind: Literal["office_visit", "annual_wellness", "welcome_to_medicare", "tcm"] | None = None
    code: Code | None = None
    note: Words | None = None
