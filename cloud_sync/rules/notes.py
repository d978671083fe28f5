"""Whether a note says what was done, whether it speaks of both programs, and what to add to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cloud_sync.rules.tables import NoteWords

# One sound note a program, as rules.md 11 describes it: what was done, why, and what came of it.
EXAMPLES = {
    "RPM": (
        "Reviewed six readings since Monday, evenings above 150; called the patient, who had "
        "skipped the evening dose; will look again on Friday."
    ),
    "CCM": (
        "Went through the medication list with the daughter, two inhalers were doubled; asked "
        "Dr Lee which one to stop; will tell her on Thursday."
    ),
    "other": "Saw the patient for knee pain, examined and advised; billed as an office visit.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """Why a note will not do as it stands, and what to add."""

    reason: Literal["vague_note", "mixed_note"]
    sentence: str


def advice(note: str, program: str, words: NoteWords) -> Advice | None:
    """What to tell the person who writes this note; None where it is sound."""
    if is_vague(note, words):
        example = EXAMPLES.get(program, EXAMPLES["other"])
        return Advice(
            reason="vague_note",
            sentence=(
                "This note says too little, so its minutes do not count. Add what you looked at "
                f"or did, why, and what came of it. For example: \N{LEFT DOUBLE QUOTATION MARK}"
                f"{example}\N{RIGHT DOUBLE QUOTATION MARK}"
            ),
        )
    if is_mixed(note, words):
        said = " and ".join(
            f"{name} (\N{LEFT DOUBLE QUOTATION MARK}{_found(note, phrases)[0]}"
            "\N{RIGHT DOUBLE QUOTATION MARK})"
            for name, phrases in words.program_words.items()
        )
        return Advice(
            reason="mixed_note",
            sentence=(
                f"This note speaks of {said}: a minute belongs to one program. Cut the time at the "
                "minute and write a note for each part, or leave out what was not done in it."
            ),
        )
    return None


def words_of(note: str) -> list[str]:
    """A note's words in lower case, without digits and punctuation.

    An apostrophe joins: `patient's` is one word.
    """
    joined = note.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    return _words(joined, keep_digits=False)


def is_vague(note: str, words: NoteWords) -> bool:
    """Too few words left without numbers, punctuation and units, or a phrase that says nothing."""
    left = [word for word in words_of(note) if word not in words.unit_words]
    return len(left) < words.words_needed or " ".join(left) in words.vague_phrases


def is_mixed(note: str, words: NoteWords) -> bool:
    """Has something of every program's word list, as whole words in any case.

    Here an apostrophe parts, so that `the specialist's letter` speaks of a specialist.
    """
    return all(_found(note, phrases) for phrases in words.program_words.values())


def _found(note: str, phrases: Iterable[str]) -> list[str]:
    text = f" {' '.join(_words(note, keep_digits=True))} "
    return [phrase for phrase in phrases if f" {phrase} " in text]


def _words(note: str, *, keep_digits: bool) -> list[str]:
    """Lower-case words, parted by any punctuation."""
    kept = (
        character if character.isalpha() or (keep_digits and character.isdigit()) else " "
        for character in note.lower()
    )
    return "".join(kept).split()
