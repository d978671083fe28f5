"""Questions about minutes and notes: whether they are real, in time, and each patient's own."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby

from cloud_sync.rules.audit.finding import (
    CONTRACTORS,
    OWN,
    Evidence,
    Figure,
    Finding,
    Question,
)
from cloud_sync.rules.audit.practice import Limits, Practice, WorkedTime
from cloud_sync.rules.audit.similarity import groups
from cloud_sync.rules.calendar import month_named, split_at_midnight
from cloud_sync.rules.tables import RuleBook

CLONED = Question(
    key="cloned_notes",
    title="Notes that say the same",
    asked="Is this note about this patient and this month? The same text again and again was"
    " copied, and proves no work.",
    source=CONTRACTORS,
    to_do="Talk with whoever wrote them; a note names what was looked at and why today. Never edit"
    " the old ones.",
)
LATE = Question(
    key="late_entries",
    title="Entries made long after the work",
    asked="Were these minutes recorded when they were spent, or made up at the month's end?",
    source=OWN,
    to_do="Use the clock. Ask who enters late, and why; each late entry keeps its delay on record.",
)
JUST_REACHED = Question(
    key="just_reached",
    title="Months that only just reach a threshold",
    asked="How can so many months end at the very minute that pays? Work does not know the"
    " threshold.",
    source=OWN,
    to_do="Look through the last entry of these months: was it needed, and by whom was it started?",
)
ROUND = Question(
    key="round_minutes",
    title="Entries of exactly 5, 10, 15 minutes",
    asked="Were these minutes measured or estimated?",
    source=OWN,
    to_do="Use the clock: a measured entry is exact by itself.",
)
AT_ONCE = Question(
    key="two_patients_at_once",
    title="One worker with two patients at once",
    asked="Which of the two patients had this worker's time?",
    source=OWN,
    to_do="None of these seconds counts for either patient until a correction splits them.",
)
IMPOSSIBLE_DAY = Question(
    key="impossible_day",
    title="A worker's day with too many hours",
    asked="Did one person really work so long on one date?",
    source=OWN,
    to_do="Compare with the rota; look for a forgotten clock or a shared account.",
)


def findings(practice: Practice, limits: Limits, book: RuleBook) -> tuple[Finding, ...]:
    """In the order of the page."""
    billed = [one for one in practice.time if one.program != "other"]
    return (
        _cloned(billed, limits),
        _late(practice, billed, limits),
        _just_reached(billed, limits, book),
        _round(billed, limits),
        _at_once(practice.time),
        _impossible_days(practice, limits),
    )


def _entry(one: WorkedTime, words: str) -> Evidence:
    return Evidence(
        words=words,
        patient_id=one.patient_id,
        month=one.month,
        entry_id=one.id,
        staff_id=one.staff_id,
    )


def _cloned(billed: list[WorkedTime], limits: Limits) -> Finding:
    """Groups of alike notes over several patients or months; one visit's two parts are none."""
    evidence: list[Evidence] = []
    for number, group in enumerate(groups([one.note for one in billed], limits.note_likeness), 1):
        members = [billed[position] for position in group]
        spread = len({one.patient_id for one in members}), len({one.month for one in members})
        # The same activity for several patients is one piece of work with one note.
        separate = len({(one.staff_id, one.start) for one in members})
        if max(spread) > 1 and separate >= limits.note_copies:
            evidence += [_entry(one, f"group {number}: “{one.note}”") for one in members]
    figure = Figure(words="RPM and CCM entries", count=len(evidence), of=len(billed))
    return Finding(
        question=CLONED, figures=(figure,), flagged=bool(evidence), evidence=tuple(evidence)
    )


def _late(practice: Practice, billed: list[WorkedTime], limits: Limits) -> Finding:
    allowed = timedelta(hours=practice.late_entry_hours)
    late = [one for one in billed if one.entered_at - one.end > allowed]
    words = f"RPM and CCM entries made more than {practice.late_entry_hours} hours after their end"
    figures = [Figure(words=words, count=len(late), of=len(billed))]
    typed = [one for one in billed if not one.measured]
    figures.append(
        Figure(
            words="RPM and CCM entries typed in, not measured by the clock",
            count=len(typed),
            of=len(billed),
        )
    )
    longest_first = sorted(
        {one.id: one for one in (*late, *typed)}.values(), key=lambda one: one.end - one.entered_at
    )
    return Finding(
        question=LATE,
        figures=tuple(figures),
        flagged=_share(len(late), len(billed), limits.late_share, limits),
        too_few=len(billed) < limits.enough,
        evidence=tuple(
            _entry(one, f"{_how(one)}, entered {_hours(one.entered_at - one.end)} after its end")
            for one in longest_first
        ),
    )


def _just_reached(billed: list[WorkedTime], limits: Limits, book: RuleBook) -> Finding:
    total: dict[tuple[str, str, str], timedelta] = defaultdict(timedelta)
    for one in billed:
        total[one.patient_id, one.month, one.program] += one.length / one.patients
    reached, evidence = 0, []
    for (patient_id, month, program), length in sorted(total.items()):
        minutes = length // timedelta(minutes=1)
        passed = [step for step in _steps(program, month, book) if step <= minutes]
        if not passed:
            continue
        reached += 1
        over = minutes - max(passed)
        if over < limits.just_reached_minutes:
            words = f"{program} {minutes} minutes in {month}, threshold {max(passed)}"
            evidence.append(Evidence(words=words, patient_id=patient_id, month=month))
    words = f"months that reach a threshold, by less than {limits.just_reached_minutes} minutes"
    return Finding(
        question=JUST_REACHED,
        figures=(Figure(words=words, count=len(evidence), of=reached),),
        flagged=_share(len(evidence), reached, limits.just_reached_share, limits),
        too_few=reached < limits.enough,
        evidence=tuple(evidence),
    )


def _steps(program: str, month: str, book: RuleBook) -> list[int]:
    """The minutes at which a code or a further unit is earned, by the month's own rules."""
    last = month_named(month).last
    if program == "RPM":
        rpm = book.rpm_on(last)
        firsts = [tier.minutes_from for tier in rpm.time] if rpm else []
        further = [one.minutes_each for one in rpm.further] if rpm else []
    else:
        ccm = book.ccm_on(last)
        lanes = [lane for lane in (ccm.lane if ccm else ()) if lane.name == "staff"]
        firsts = [lane.minutes_from for lane in lanes]
        further = [lane.minutes_each for lane in lanes if lane.further]
    base = max(firsts, default=0)
    return sorted({*firsts, *(base + each * n for each in further for n in range(1, 4))})


def _round(billed: list[WorkedTime], limits: Limits) -> Finding:
    exact = [one for one in billed if one.length % timedelta(minutes=5) == timedelta()]
    words = "RPM and CCM entries whose length is a whole multiple of five minutes"
    return Finding(
        question=ROUND,
        figures=(Figure(words=words, count=len(exact), of=len(billed)),),
        flagged=_share(len(exact), len(billed), limits.same_length_share, limits),
        too_few=len(billed) < limits.enough,
        evidence=tuple(
            _entry(one, f"{one.length // timedelta(minutes=1)} minutes exactly, {_how(one)}")
            for one in exact
        ),
    )


def _at_once(time: Iterable[WorkedTime]) -> Finding:
    found: dict[str, WorkedTime] = {}
    entries = sorted(time, key=lambda one: (one.staff_id, one.start, one.id))
    for _, theirs in groupby(entries, key=lambda one: one.staff_id):
        running: list[WorkedTime] = []
        for one in theirs:
            running = [other for other in running if other.end > one.start]
            for other in running:
                if other.patient_id != one.patient_id and not _same_activity(one, other):
                    found |= {one.id: one, other.id: other}
            running.append(one)
    figure = Figure(words="entries", count=len(found), of=len(entries))
    evidence = tuple(
        _entry(one, f"{one.program}, {one.start:%Y-%m-%d %H:%M} to {one.end:%H:%M} UTC")
        for one in sorted(found.values(), key=lambda one: (one.staff_id, one.start, one.id))
    )
    return Finding(question=AT_ONCE, figures=(figure,), flagged=bool(found), evidence=evidence)


def _same_activity(one: WorkedTime, other: WorkedTime) -> bool:
    return (
        one.patients == other.patients > 1
        and one.program == other.program
        and (one.start, one.end) == (other.start, other.end)
    )


def _impossible_days(practice: Practice, limits: Limits) -> Finding:
    """Seconds recorded by one worker on one date of the practice; a group's are one work."""
    days: dict[tuple[str, date], list[tuple[WorkedTime, timedelta]]] = defaultdict(list)
    for one in practice.time:
        for on, start, end in split_at_midnight(one.start, one.end, practice.zone):
            days[one.staff_id, on].append((one, (end - start) / one.patients))
    evidence, over = [], 0
    for (_staff, on), parts in sorted(days.items()):
        length = sum((part for _, part in parts), timedelta())
        if length > timedelta(hours=limits.day_hours):
            over += 1
            evidence += [
                _entry(one, f"{on}: {_hours(length)} recorded that day") for one, _ in parts
            ]
    words = f"working days with more than {limits.day_hours} hours recorded by one worker"
    figure = Figure(words=words, count=over, of=len(days))
    return Finding(
        question=IMPOSSIBLE_DAY,
        figures=(figure,),
        flagged=over > 0,
        evidence=tuple(evidence),
    )


def _share(count: int, of: int, at_least: Fraction, limits: Limits) -> bool:
    return of >= limits.enough and count >= at_least * of


def _hours(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60} h {minutes % 60} min"


def _how(one: WorkedTime) -> str:
    return "measured" if one.measured else "typed in"
