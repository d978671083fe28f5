"""Whether a note says what was done, and whether it speaks of both programs."""

from cloud_sync.rules.tables import NoteWords


def is_vague(note: str, words: NoteWords) -> bool:
    """Too few words left without numbers, punctuation and units, or a phrase that says nothing.

    An apostrophe joins: `patient's` is one word.
    """
    joined = note.replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    left = [word for word in _words(joined, keep_digits=False) if word not in words.unit_words]
    return len(left) < words.words_needed or " ".join(left) in words.vague_phrases


def is_mixed(note: str, words: NoteWords) -> bool:
    """Has something of every program's word list, as whole words in any case.

    Here an apostrophe parts, so that `the specialist's letter` speaks of a specialist.
    """
    text = f" {' '.join(_words(note, keep_digits=True))} "
    return all(
        any(f" {phrase} " in text for phrase in phrases) for phrases in words.program_words.values()
    )


def _words(note: str, *, keep_digits: bool) -> list[str]:
    """Lower-case words, parted by any punctuation."""
    kept = (
        character if character.isalpha() or (keep_digits and character.isdigit()) else " "
        for character in note.lower()
    )
    return "".join(kept).split()
