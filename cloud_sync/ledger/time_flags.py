"""What a person should look at in an entry of time: overlaps, thin or mixed notes, lateness. Pure.

The rules decide what counts; this says it beside the entry, before the month is closed.
"""

from collections.abc import Iterable, Iterator

from cloud_sync.ledger.care_entries import Entry
from cloud_sync.rules.notes import is_mixed, is_vague
from cloud_sync.rules.tables import NoteWords

_HOUR_MS = 3_600_000


def flags(
    entry: Entry, beside: Iterable[Entry], words: NoteWords, late_entry_hours: int
) -> Iterator[str]:
    """In sentences; nothing for an entry that no longer counts. `beside` may hold itself."""
    if not entry.in_force:
        return
    if is_vague(entry.note, words):
        yield "The note says too little: it does not count until it is completed by a correction."
    if is_mixed(entry.note, words):
        yield "The note speaks of both programs: split it, or a person must decide."
    if entry.delay_ms > late_entry_hours * _HOUR_MS:
        yield f"Entered more than {late_entry_hours} hours after the work: a person must decide."
    yield from overlaps(entry, beside)


def overlaps(entry: Entry, beside: Iterable[Entry]) -> Iterator[str]:
    """What of the entry overlaps others, and what that does to it."""
    for other in beside:
        if other.id != entry.id and other.in_force and _share(entry, other):
            yield from _overlap(entry, other)


def _share(one: Entry, other: Entry) -> bool:
    return one.start_ms < other.end_ms and other.start_ms < one.end_ms


def _overlap(entry: Entry, other: Entry) -> Iterator[str]:
    seconds = (min(entry.end_ms, other.end_ms) - max(entry.start_ms, other.start_ms)) // 1000
    minutes = f"{seconds // 60} min {seconds % 60} s" if seconds % 60 else f"{seconds // 60} min"
    if other.patient_id != entry.patient_id:
        if not entry.patients == other.patients > 1:
            yield f"{minutes} overlap time of {other.full_name} for another patient: not counted."
    elif other.program != entry.program:
        yield (
            f"{minutes} overlap {other.program} time of {other.full_name}: they count for neither"
            " until one of the two is split at the minute."
        )
    else:
        yield f"{minutes} overlap time of {other.full_name} in the same program: counted once."
