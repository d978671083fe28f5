"""Whether a note says what was done, and whether it speaks of both programs."""

from cloud_sync.rules.tables import NoteWords


def words_of(note: str) -> list[str]:
    """A note's words in lower case, without digits and punctuation."""
    return _words(note, keep_digits=False)


def is_vague(note: str, words: NoteWords) -> bool:
    """Too few words left without numbers, punctuation and units, or a phrase that says nothing."""
    left = [word for word in _words(note, keep_digits=False) if word not in words.unit_words]
    return len(left) < words.words_needed or " ".join(left) in words.vague_phrases


def is_mixed(note: str, words: NoteWords) -> bool:
    """Has something of every program's word list, as whole words in any case."""
    text = f" {' '.join(_words(note, keep_digits=True))} "
    return all(
        any(f" {phrase} " in text for phrase in phrases) for phrases in words.program_words.values()
    )


def _words(note: str, *, keep_digits: bool) -> list[str]:
    """Lower-case words; an apostrophe joins, any other punctuation parts."""
    text = note.lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    kept = (
        character if character.isalpha() or (keep_digits and character.isdigit()) else " "
        for character in text
    )
    return "".join(kept).split()
