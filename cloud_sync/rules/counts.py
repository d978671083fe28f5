"""One case with its two counts, days and time: what every program's rules start from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.days import DayLedger, day_ledger
from cloud_sync.rules.facts import Case
from cloud_sync.rules.minutes import (
    Keep,
    TimeLedger,
    entry_days,
    everyone,
    full_minutes,
    time_ledger,
)
from cloud_sync.rules.outcome import Notice
from cloud_sync.rules.reasons import SENTENCES, Reason, in_order
from cloud_sync.rules.shape import BilledProgram
from cloud_sync.rules.tables import RuleBook

REMARKS: tuple[Reason, ...] = ("late_entry", "mixed_note")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The facts, the rule book, and what was counted under it."""

    case: Case
    book: RuleBook
    days: DayLedger
    time: TimeLedger


def counted(case: Case, book: RuleBook) -> Counts:
    """Count days and time once; the rules only look at the result."""
    return Counts(case=case, book=book, days=day_ledger(case, book), time=time_ledger(case, book))


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeIn:
    """One program's time in one span of days: a month, or a period."""

    counts: Counts
    program: BilledProgram
    span: Span

    def minutes(self, keep: Keep = everyone) -> int:
        """Full minutes that count, of the entries that are kept."""
        return full_minutes(self.counts.time.seconds(self.program, self.span, keep))

    def needs(self, units: int, units_of: Callable[[Keep], int]) -> frozenset[Reason]:
        """Remarks without whose entries the code would not be earned with as many units."""
        time = self.counts.time
        return frozenset(one for one in REMARKS if units_of(time.without(one)) < units)

    def excuses(self) -> frozenset[Reason]:
        """What was left out of the count, and what on file would have let it count."""
        time = self.counts.time
        return frozenset(time.losses(self.program, self.span)) | time.missing(
            self.program, self.span
        )

    def notices(self) -> tuple[Notice, ...]:
        """What was left out, and what a person must look at, whether or not a code needs it."""
        found = self.counts.time.losses(self.program, self.span)
        for entry, reasons in self.counts.time.remarks.items():
            days = entry_days(self.counts.case, entry)
            if entry.program == self.program and any(day in self.span for day in days):
                found.update(reasons)
        return notices(found, self.span, self.program, ("entry", "entries"))


def notices(
    found: Mapping[Reason, int], span: Span | None, program: BilledProgram, noun: tuple[str, str]
) -> tuple[Notice, ...]:
    """One warning for each reason, with the number of readings or entries it applies to."""
    return tuple(
        Notice(
            reason=reason,
            detail=f"{found[reason]} {noun[found[reason] != 1]}. {SENTENCES[reason]}",
            span=span,
            program=program,
        )
        for reason in in_order(found)
    )


def when(condition: bool, reason: Reason) -> frozenset[Reason]:
    """The reason where it applies, else nothing."""
    return frozenset({reason} if condition else ())
