"""What the self-audit answers: a question of an auditor, its figures, and what lies behind them."""

from collections.abc import Iterable
from dataclasses import dataclass

OIG_2024 = "OIG 2024 (OEI-02-23-00260)"
OIG_2025 = "OIG 2025 (OEI-02-23-00261)"
DOJ_2025 = "DOJ settlement of 2025-06-26"
CONTRACTORS = "contractors and counsel"
OWN = "our own (no authority has set it)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What an auditor asks, why, who asked it, and what to do about it."""

    key: str
    title: str
    asked: str
    source: str
    to_do: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """So many of so many, or against so many; `words` says of what."""

    words: str
    count: int
    of: int
    joint: str = "of"

    @property
    def percent(self) -> int | None:
        """Rounded to a whole; None of nothing, or where the two are no part and whole."""
        return None if self.of == 0 or self.joint != "of" else round(100 * self.count / self.of)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """One patient, month, entry or worker that a figure counts; any of them may be absent."""

    words: str
    patient_id: str | None = None
    month: str | None = None
    entry_id: str | None = None
    staff_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The answer. Where it is flagged, an auditor would look closer; it is no verdict."""

    question: Question
    figures: tuple[Figure, ...]
    flagged: bool
    too_few: bool = False  # a share of so little says nothing, so it is not flagged
    evidence: tuple[Evidence, ...] = ()


def of_patients(question: Question, words: str, evidence: Iterable[Evidence], of: int) -> Finding:
    """Flagged where there is one at all; a patient with several pieces of evidence counts once."""
    found = tuple(evidence)
    count = len({one.patient_id for one in found})
    figure = Figure(words=words, count=count, of=of)
    return Finding(question=question, figures=(figure,), flagged=count > 0, evidence=found)
