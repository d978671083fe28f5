"""Who the patient is to the practice: established, with which conditions, billed by whom."""

from typing import ClassVar

from msgspec import UNSET, UnsetType

from cloud_sync.ledger.facts.base import Day, Entry, Icd10, Id
from cloud_sync.rules.shape import Count


class Condition(Entry, frozen=True, kw_only=True):
    """A chronic condition, as the practice recorded it."""

    icd10: Icd10
    expected_months: Count = 0
    risk: bool = False


class PatientEntry(Entry, frozen=True, kw_only=True):
    """Keys of the patient; the newest entry that has a key holds for it."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"established_on", "payer", "conditions"})
    established_on: Day | UnsetType | None = UNSET
    payer: str | UnsetType = UNSET
    conditions: tuple[Condition, ...] | UnsetType = UNSET


class BillingPractitioner(Entry, frozen=True, kw_only=True):
    """The account of the practitioner who bills for this patient."""

    staff: Id
