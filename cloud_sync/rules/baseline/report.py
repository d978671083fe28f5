"""What a list of work would have counted for: the product's own count of minutes, run over it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from typing import Literal, cast, get_args
from zoneinfo import ZoneInfo

from cloud_sync.rules.baseline.rows import BadRow, Row
from cloud_sync.rules.baseline.suggest import Suggestion, suggest
from cloud_sync.rules.calendar import Span, local_instant, month_of
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.facts import Case, Entry
from cloud_sync.rules.minutes import TimeLedger, full_minutes, time_ledger
from cloud_sync.rules.notes import is_mixed, is_vague
from cloud_sync.rules.reasons import SENTENCES, Reason, in_order
from cloud_sync.rules.shape import BilledProgram
from cloud_sync.rules.tables import BUNDLED, RuleBook

LIVE_MODES = frozenset({"phone", "video", "in_person"})
NO_PROGRAM = "Neither the list nor its words say for which program this was: a person must."
NO_MINUTES = "No program pays this by the minute: set-up, teaching, reminders, shipping, training."
OTHER = "A visit, or work that is billed otherwise."
MIXED = "needs a split: the note speaks of both programs"
LATE = "was entered long after the work"
_AFTER_ALL = datetime(2199, 12, 31, tzinfo=UTC)
_HOUR = 9  # where a line without times is put; it overlaps nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One line with its verdict. `suggested` where the program is ours, not the practice's."""

    row: Row
    program: str | None
    suggested: bool
    because: tuple[str, ...]
    counted: Fraction  # seconds
    reasons: tuple[str, ...]  # why the rest, or all of it, does not count
    remarks: tuple[str, ...]  # it counts, but a person must look


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """One patient's month in one program."""

    patient: str
    month: str
    program: str
    seconds: int  # that count
    recorded: int  # all that was written down for this program
    live_contact: bool
    reached: str | None  # the level its minutes come to, as a code
    lacking: tuple[str, int] | None  # the next level, and how many minutes are wanted
    billed: bool

    @property
    def minutes(self) -> int:
        return self.seconds // 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The whole answer."""

    lines: tuple[Judged, ...]
    months: tuple[Month, ...]
    bad: tuple[BadRow, ...]

    def excluded(self) -> dict[str, tuple[int, int]]:
        """For each reason, how many lines lost time to it, and their seconds that do not count."""
        found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for line in self.lines:
            for reason in line.reasons:
                found[reason][0] += 1
                lost = line.row.length.total_seconds() - line.counted
                found[reason][1] += int(lost)
        return {reason: (count, lost) for reason, (count, lost) in sorted(found.items())}

    def uncaptured(self) -> tuple[Month, ...]:
        """Months that would earn a time code, and of which no line is marked as billed."""
        return tuple(
            one
            for one in self.months
            if one.reached and not one.billed and (one.program != "RPM" or one.live_contact)
        )


def baseline(
    rows: Sequence[Row], bad: Sequence[BadRow], zone: ZoneInfo, book: RuleBook = BUNDLED
) -> Baseline:
    """Judge every line as the ledger would, had its program, note and people been these."""
    programs = {row.line: _program(row) for row in rows}
    beside = _beside(rows)
    lines: dict[int, Judged] = {}
    months: list[Month] = []
    by_patient: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_patient[row.patient].append(row)
    for _patient, theirs in sorted(by_patient.items()):
        entries = {
            row.line: _entry(row, programs[row.line].program or "other", zone) for row in theirs
        }
        others = [
            replace(_entry(row, programs[row.line].program or "other", zone), other_patient=True)
            for row in beside.get(_patient, ())
        ]
        # What belongs to no program is out of the ledger, and takes part in no overlap.
        kept = [entries[row.line] for row in theirs if programs[row.line].program not in _NONE]
        case = _case(theirs, [*kept, *others], zone)
        ledger = time_ledger(case, book)
        seen: set[Entry] = set()  # the same interval written twice: the first line has it
        for row in theirs:
            judged = _judged(row, programs[row.line], entries[row.line], ledger, book)
            twice = entries[row.line] in seen
            seen.add(entries[row.line])
            lines[row.line] = replace(judged, counted=Fraction(0)) if twice else judged
        months += _months(theirs, [lines[row.line] for row in theirs], ledger, book)
    return Baseline(
        lines=tuple(lines[row.line] for row in rows), months=tuple(months), bad=tuple(bad)
    )


_NOT_BILLED = {None: NO_PROGRAM, "none": NO_MINUTES, "other": OTHER}
_NONE = frozenset({None, "none"})


def _program(row: Row) -> Suggestion:
    if row.program is not None:
        return Suggestion(program=cast("Literal['RPM', 'CCM', 'other']", row.program))
    return suggest(row.activity, row.note)


def _entry(row: Row, program: str, zone: ZoneInfo) -> Entry:
    # Each such line has a start of its own, so that two that say the same stay two.
    start = row.start or local_instant(row.on, _HOUR, zone) + timedelta(milliseconds=row.line)
    end = row.end or start + row.length
    return Entry(
        program=cast("Literal['RPM', 'CCM', 'other']", "other" if program == "none" else program),
        start=start,
        end=end,
        staff=row.staff,
        note=row.note,
        interactive=row.mode in LIVE_MODES,
        mode=row.mode,
        entered_at=row.entered_at or end,
        apart=row.start is None,
    )


def _beside(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    """For each patient, what the same workers wrote at the same time for somebody else."""
    found: dict[str, list[Row]] = defaultdict(list)
    timed = [row for row in rows if row.start is not None]
    ordered = sorted(timed, key=lambda row: (row.staff, _start(row)))
    for _, theirs in groupby(ordered, key=lambda row: row.staff):
        running: list[Row] = []
        for row in theirs:
            running = [one for one in running if _end(one) > _start(row)]
            for one in running:
                if one.patient != row.patient:
                    found[one.patient].append(row)
                    found[row.patient].append(one)
            running.append(row)
    return found


def _start(row: Row) -> datetime:
    assert row.start is not None, "only timed lines are compared"
    return row.start


def _end(row: Row) -> datetime:
    assert row.end is not None, "only timed lines are compared"
    return row.end


def _case(rows: Sequence[Row], entries: Sequence[Entry], zone: ZoneInfo) -> Case:
    """The patient's case with every paper on file from before the first line on."""
    first = min(row.on for row in rows).isoformat()
    document = {
        "id": "baseline",
        "as_of": _AFTER_ALL.isoformat(),
        "settings": {"time_zone": zone.key},
        "initiating_visits": [{"on": first, "discussed": ["CCM"]}],
        "episodes": [{"program": "CCM", "start": first}],
        "staff": [{"id": row.staff, "role": row.role} for row in rows],
    }
    case = read(document)
    assert not isinstance(case, Problem), f"the list made an unreadable case: {case.path}"
    ordered = sorted(entries, key=lambda one: (one.start, one.end, one.program, one.staff))
    return replace(case, entries=tuple(ordered))


def _judged(row: Row, said: Suggestion, entry: Entry, ledger: TimeLedger, book: RuleBook) -> Judged:
    plain = [_NOT_BILLED[said.program]] if said.program in _NOT_BILLED else []
    found: set[Reason] = {
        reason
        for one in ledger.left_out
        if one.entry == entry
        for reason in (*one.reasons, *one.missing)
    }
    if plain:  # the count of minutes did not look at it: what else would have kept it out
        words = book.notes_on(row.on)
        found |= {"vague_note"} if is_vague(row.note, words) else set()
        found |= {"mixed_note"} if is_mixed(row.note, words) else set()
        found |= {"staff_not_clinical"} if row.role == "non_clinical" else set()
    remarks = ledger.remarks.get(entry, frozenset())
    return Judged(
        row=row,
        program=said.program,
        suggested=row.program is None and said.program is not None,
        because=said.because,
        counted=_counted(entry, ledger) if said.program in {"RPM", "CCM"} else Fraction(0),
        reasons=(*plain, *(SENTENCES[one] for one in in_order(found))),
        remarks=tuple(
            words
            for reason, words in (("mixed_note", MIXED), ("late_entry", LATE))
            if reason in remarks
        ),
    )


def _counted(entry: Entry, ledger: TimeLedger) -> Fraction:
    """Its seconds; where two workers did the same at once, the first of them by name has them."""
    return sum(
        (
            stretch.counted(lambda _one: True)
            for stretch in ledger.stretches
            if stretch.entries[0] == entry
        ),
        Fraction(0),
    )


def _months(
    rows: Sequence[Row], lines: Sequence[Judged], ledger: TimeLedger, book: RuleBook
) -> list[Month]:
    found = []
    spans = sorted({month_of(row.on) for row in rows})
    for span in spans:
        for program in get_args(BilledProgram):
            mine = [one for one in lines if one.program == program and one.row.on in span]
            if mine:
                found.append(_month(mine, program, span, ledger, book))
    return found


def _month(
    lines: Sequence[Judged], program: BilledProgram, span: Span, ledger: TimeLedger, book: RuleBook
) -> Month:
    seconds = ledger.seconds(program, span)
    minutes = full_minutes(seconds)
    steps = _steps(program, span, book)
    passed = [code for need, code in steps if need <= minutes]
    ahead = [(code, need - minutes) for need, code in steps if need > minutes]
    counting = ledger.counting(program, span)
    return Month(
        patient=lines[0].row.patient,
        month=f"{span.first:%Y-%m}",
        program=program,
        seconds=int(seconds),
        recorded=int(sum((one.row.length for one in lines), timedelta()).total_seconds()),
        live_contact=any(one.interactive and one.mode in LIVE_MODES for one in counting),
        reached=passed[-1] if passed else None,
        lacking=ahead[0] if ahead else None,
        billed=any(one.row.billed for one in lines),
    )


def _steps(program: str, span: Span, book: RuleBook) -> list[tuple[int, str]]:
    """Minutes and code of each level, the first further unit included; of CCM, staff's own lane."""
    if program == "RPM":
        rpm = book.rpm_on(span.last)
        steps = [(tier.minutes_from, tier.code) for tier in rpm.time] if rpm else []
        more = [(one.minutes_each, one.code) for one in rpm.further] if rpm else []
    else:
        ccm = book.ccm_on(span.last)
        lanes = [lane for lane in (ccm.lane if ccm else ()) if lane.name == "staff"]
        steps = [(lane.minutes_from, lane.base) for lane in lanes]
        more = [(lane.minutes_each, lane.further) for lane in lanes if lane.further]
    base = max((need for need, _ in steps), default=0)
    return sorted([*steps, *((base + each, code) for each, code in more)])
