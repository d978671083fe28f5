"""Care time: which seconds count for which program, and why the others do not.

Seconds are exact fractions, summed over a span and cut to full minutes once, at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from cloud_sync.rules.calendar import Span, local_date, month_of, seconds, split_at_midnight
from cloud_sync.rules.facts import Case, Entry
from cloud_sync.rules.notes import is_mixed, is_vague
from cloud_sync.rules.on_file import missing_for
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.shape import BILLING, BilledProgram
from cloud_sync.rules.tables import BUNDLED, RuleBook

Keep = Callable[[Entry], bool]


def everyone(_entry: Entry) -> bool:
    return True


def billing_only(entry: Entry) -> bool:
    return entry.staff == BILLING


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Seconds of one local date in which these entries of one program count."""

    program: BilledProgram
    on: date
    length: Fraction
    entries: tuple[Entry, ...]

    def counted(self, keep: Keep) -> Fraction:
        """A second counts once, with the largest share of the entries that are kept."""
        shares = [Fraction(1, entry.patients) for entry in self.entries if keep(entry)]
        return self.length * max(shares, default=Fraction(0))


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Seconds of an entry that do not count; `missing` is what was not on file then."""

    entry: Entry
    program: BilledProgram
    on: date
    reasons: frozenset[Reason]
    missing: frozenset[Reason]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeLedger:
    """Every second of the patient that counts, and what was left out."""

    stretches: tuple[Stretch, ...]
    left_out: tuple[LeftOut, ...]
    remarks: Mapping[Entry, frozenset[Reason]]  # late or mixed: it counts, a person must look

    def seconds(self, program: BilledProgram, span: Span, keep: Keep = everyone) -> Fraction:
        return sum(
            (
                stretch.counted(keep)
                for stretch in self.stretches
                if stretch.program == program and stretch.on in span
            ),
            Fraction(0),
        )

    def counting(self, program: BilledProgram, span: Span) -> tuple[Entry, ...]:
        """The entries of which some second counts in the span."""
        return tuple(
            dict.fromkeys(
                entry
                for stretch in self.stretches
                if stretch.program == program and stretch.on in span
                for entry in stretch.entries
            )
        )

    def without(self, remark: Reason) -> Keep:
        """Keeps the entries that do not bear this remark."""
        return lambda entry: remark not in self.remarks.get(entry, frozenset())

    def losses(self, program: BilledProgram, span: Span) -> Counter[Reason]:
        """How many entries lost time in the span, by reason."""
        pairs = {
            (reason, found.entry)
            for found in self.left_out
            if found.program == program and found.on in span
            for reason in found.reasons
        }
        return Counter(reason for reason, _ in pairs)

    def missing(self, program: BilledProgram, span: Span) -> frozenset[Reason]:
        """What was not on file for a second that would have counted."""
        return frozenset(
            reason
            for found in self.left_out
            if found.program == program and found.on in span and not found.reasons
            for reason in found.missing
        )


def months(case: Case) -> tuple[Span, ...]:
    """The months in which the patient has a time entry."""
    days = (day for entry in own(case) for day in entry_days(case, entry))
    return tuple(sorted({month_of(day) for day in days}))


def own(case: Case) -> tuple[Entry, ...]:
    """The entries made for this patient."""
    return tuple(entry for entry in case.entries if not entry.other_patient)


def has_entry(case: Case, program: BilledProgram, span: Span) -> bool:
    return any(
        entry.program == program and any(day in span for day in entry_days(case, entry))
        for entry in own(case)
    )


def entry_days(case: Case, entry: Entry) -> set[date]:
    """The local dates an entry touches."""
    pieces = split_at_midnight(entry.start, entry.end, case.zone)
    return {day for day, _, _ in pieces} | {local_date(entry.start, case.zone)}


def full_minutes(length: Fraction) -> int:
    """19 minutes 59 seconds are 19."""
    return int(length // 60)


def time_ledger(case: Case, book: RuleBook = BUNDLED) -> TimeLedger:
    """The whole count of time. Entries of `other` take part in overlaps and count for nothing."""
    judge = _Judge(case, book)
    stretches: list[Stretch] = []
    left_out: dict[LeftOut, None] = {}
    for on, length, active in _moments(case):
        sound: dict[BilledProgram, list[Entry]] = {}
        for entry in active:
            if entry.other_patient or entry.program == "other":
                continue
            reasons = judge.reasons(entry, on) | _overlap(entry, active)
            missing = judge.missing(entry.program, on)
            if reasons or missing:
                found = LeftOut(
                    entry=entry, program=entry.program, on=on, reasons=reasons, missing=missing
                )
                left_out[found] = None
            else:
                sound.setdefault(entry.program, []).append(entry)
        stretches.extend(
            Stretch(program=program, on=on, length=length, entries=tuple(entries))
            for program, entries in sound.items()
        )
    return TimeLedger(
        stretches=tuple(stretches), left_out=tuple(left_out), remarks=_remarks(case, book)
    )


def _moments(case: Case) -> Iterator[tuple[date, Fraction, tuple[Entry, ...]]]:
    """Stretches within one local date in which the same entries run, one after another."""
    begins: dict[datetime, list[Entry]] = {}
    ends: dict[datetime, list[Entry]] = {}
    for entry in case.entries:
        for on, start, end in split_at_midnight(entry.start, entry.end, case.zone):
            if entry.apart:
                yield on, seconds(end - start), (entry,)
            else:
                begins.setdefault(start, []).append(entry)
                ends.setdefault(end, []).append(entry)
    active: list[Entry] = []
    for point, following in pairwise(sorted({*begins, *ends})):
        for entry in ends.get(point, ()):
            active.remove(entry)
        active.extend(begins.get(point, ()))
        if active:
            yield local_date(point, case.zone), seconds(following - point), tuple(active)


def _overlap(entry: Entry, active: tuple[Entry, ...]) -> frozenset[Reason]:
    """Two programs at once for this patient, or two patients at once for this worker."""
    programs = {one.program for one in active if not one.other_patient}
    others = [one for one in active if one.other_patient and one.staff == entry.staff]
    shared = sum(_same_activity(one, entry) for one in others)
    elsewhere = shared < len(others) or shared >= entry.patients  # more records than patients
    return frozenset({"overlapping_time"} if len(programs) > 1 or elsewhere else ())


def _same_activity(one: Entry, other: Entry) -> bool:
    """The same activity for several patients, as each of their records has it."""
    return (
        one.patients == other.patients > 1
        and one.program == other.program
        and (one.start, one.end) == (other.start, other.end)
    )


class _Judge:
    """What speaks against an entry on a date, whatever else runs beside it."""

    def __init__(self, case: Case, book: RuleBook) -> None:
        self._case = case
        self._book = book
        self._missing = {"RPM": missing_for(case, "RPM"), "CCM": missing_for(case, "CCM")}

    def missing(self, program: BilledProgram, on: date) -> frozenset[Reason]:
        return self._missing[program](on)

    def reasons(self, entry: Entry, on: date) -> frozenset[Reason]:
        found: set[Reason] = set()
        if self._case.roles.get(entry.staff, "non_clinical") == "non_clinical":
            found.add("staff_not_clinical")
        if entry.note is not None and is_vague(entry.note, self._book.notes_on(on)):
            found.add("vague_note")
        if entry.program == "CCM" and any(on in stay for stay in self._case.stays):
            found.add("institutional_stay")
        return frozenset(found)


def _remarks(case: Case, book: RuleBook) -> dict[Entry, frozenset[Reason]]:
    """What a person must look at though it counts. The shorthand's note is sound and in time."""
    found: dict[Entry, frozenset[Reason]] = {}
    allowed = timedelta(hours=case.settings.late_entry_hours)
    for entry in own(case):
        if entry.program == "other" or entry.note is None:
            continue
        reasons: set[Reason] = set()
        if entry.entered_at - entry.end > allowed:
            reasons.add("late_entry")
        if is_mixed(entry.note, book.notes_on(local_date(entry.start, case.zone))):
            reasons.add("mixed_note")
        if reasons:
            found[entry] = frozenset(reasons)
    return found
