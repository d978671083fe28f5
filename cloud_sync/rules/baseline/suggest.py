"""Which program an activity may belong to: a suggestion, never a decision.

CMS gives no list. The words are the field's convention (document 1 and vendors, confidence M); the
worker chooses.
"""

from dataclasses import dataclass
from typing import Literal

from cloud_sync.rules.notes import words_of

Suggested = Literal["RPM", "CCM", "other", "none"]

# What no program pays by the minute, even where readings or a plan are spoken of. First match wins.
_NO_MINUTES = (
    "set up", "setup", "teaching", "taught", "educated on device", "reminder", "reminded",
    "shipping", "shipped", "battery", "batteries", "travel", "training", "enrollment call",
    "enrolment call", "sign off", "automated call", "robocall",
)  # fmt: skip
_OTHER = ("office visit", "visit", "annual wellness", "e m", "procedure", "other work")
_RPM = (
    "reading", "readings", "trend", "trends", "alert", "alerts", "bp log", "glucose log", "cuff",
    "glucometer", "oximeter", "transmission", "transmissions", "blood pressure", "pulse",
    "technique", "rpm", "monitoring",
)  # fmt: skip
_CCM = (
    "care plan", "goal", "goals", "education", "social", "specialist", "home health", "pharmacy",
    "referral", "referrals", "refill", "refills", "reconciliation", "medication", "medications",
    "lab", "labs", "ccm", "transport", "caregiver support", "side effect", "side effects",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A program, and the words that speak for it; None where nothing or both speak."""

    program: Suggested | None
    because: tuple[str, ...] = ()


def suggest(activity: str, note: str) -> Suggestion:
    """By the activity's own words; by the note's where the activity says nothing."""
    for text in (activity, note):
        found = _spoken(text)
        if found is not None:
            return found
    return Suggestion(program=None)


def _spoken(text: str) -> Suggestion | None:
    words = f" {' '.join(words_of(text))} "
    lists: tuple[tuple[Suggested, tuple[str, ...]], ...] = (
        ("none", _NO_MINUTES),
        ("other", _OTHER),
    )
    for program, phrases in lists:
        if hits := _hits(words, phrases):
            return Suggestion(program=program, because=hits)
    rpm, ccm = _hits(words, _RPM), _hits(words, _CCM)
    if rpm and ccm:
        return Suggestion(program=None, because=rpm + ccm)
    if rpm or ccm:
        return Suggestion(program="RPM" if rpm else "CCM", because=rpm or ccm)
    return None


def _hits(words: str, phrases: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(phrase for phrase in phrases if f" {phrase} " in words)
