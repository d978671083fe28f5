"""How far a patient's period and month have come, as the rules count them.

Nothing is counted here: `cloud_sync.rules` judges the patient's case file, and this lays it out
for pages, with the dates and minutes that do not count and the reasons why.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.contact import contact
from cloud_sync.ledger.people import Patient
from cloud_sync.rules import tables
from cloud_sync.rules.calendar import Span, local_date, month_of
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted
from cloud_sync.rules.determination import findings
from cloud_sync.rules.facts import Case
from cloud_sync.rules.forecast import day_forecast, sentences, time_forecast
from cloud_sync.rules.minutes import own
from cloud_sync.rules.outcome import Findings
from cloud_sync.rules.reasons import SENTENCES, Reason, in_order
from cloud_sync.rules.shape import BilledProgram
from cloud_sync.rules.tables import BUNDLED


@dataclass(frozen=True, kw_only=True)
class Tier:
    """So many days, or minutes, earn this code; `last` None has no upper end."""

    code: str
    first: int
    last: int | None


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A count against its tiers; `recorded` is what there would be if everything counted."""

    count: int
    recorded: int
    tiers: tuple[Tier, ...]
    reasons: tuple[str, ...]  # why the rest does not count, in sentences

    @property
    def reached(self) -> Tier | None:
        """The highest tier the count has come to."""
        return next((tier for tier in reversed(self.tiers) if self.count >= tier.first), None)

    @property
    def next(self) -> Tier | None:
        """The tier after it."""
        return next((tier for tier in self.tiers if self.count < tier.first), None)

    @property
    def goal(self) -> int:
        """The highest threshold there is."""
        return self.tiers[-1].first if self.tiers else 0


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One date of the period."""

    day: date
    readings: int
    counts: bool
    future: bool


@dataclass(frozen=True, kw_only=True)
class Period:
    """The device period that today lies in."""

    first: date
    last: date
    cells: tuple[Cell, ...]
    days_left: int  # on which a reading can still be taken, today included
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Month:
    """The calendar month's time of one program."""

    program: str
    first: date
    seconds: int
    recorded_seconds: int
    live_contact: bool
    measure: Measure


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Days and minutes, each on its own clock."""

    today: date
    zone: str
    period: Period | None
    rpm: Month
    ccm: Month


def progress(db: Connection, patient: Patient, at_ms: int) -> Progress:
    """Where a patient stands at this instant."""
    counts = counted(_case(db, patient, at_ms), BUNDLED)
    today = local_date(counts.case.as_of, counts.case.zone)
    return Progress(
        today=today,
        zone=patient.zone,
        period=_period(counts, today),
        rpm=_month(counts, "RPM", today, _rpm_tiers(today)),
        ccm=_month(counts, "CCM", today, _ccm_tiers(today)),
    )


def forecast(db: Connection, patient_id: str, at_ms: int) -> tuple[str, ...]:
    """What can still be reached, and by when; LookupError where there is no patient."""
    case = read(build_case(db, patient_id, at_ms))
    assert not isinstance(case, Problem), f"the ledger made an unreadable case: {case.path}"
    counts = counted(case, BUNDLED)
    span = _current(counts, local_date(case.as_of, case.zone))
    days = day_forecast(counts, span, contact(db, patient_id, at_ms)) if span else None
    time = (time_forecast(counts, "RPM"), time_forecast(counts, "CCM"))
    return tuple(sentences(days, time))


def codes(db: Connection, patient: Patient, at_ms: int) -> Findings:
    """What the rules make of the patient's whole file: earned, held, and what is short."""
    return findings(_case(db, patient, at_ms))


def _case(db: Connection, patient: Patient, at_ms: int) -> Case:
    case = read(build_case(db, patient.id, at_ms))
    assert not isinstance(case, Problem), f"the ledger made an unreadable case: {case.path}"
    return case


def _period(counts: Counts, today: date) -> Period | None:
    span = _current(counts, today)
    table = tables.rpm_on(span.last) if span else None
    if span is None or table is None:
        return None
    days = [span.first + timedelta(days=n) for n in range((span.last - span.first).days + 1)]
    found = [p for p in counts.days.periods if p.span == span]
    counting = {day for period in found for day in period.days}
    taken = [one for one in counts.days.readings if one.reading.measurement and one.on in span]
    lost = [one for one in taken if one.on not in counting]
    reasons = {reason for one in lost for reason in (*one.unusable, *one.missing)}
    reasons |= {"received_too_late"} if lost and not reasons else set()
    per_day = {day: sum(one.on == day for one in taken) for day in days}
    return Period(
        first=span.first,
        last=span.last,
        cells=tuple(
            Cell(day=day, readings=per_day[day], counts=day in counting, future=day > today)
            for day in days
        ),
        days_left=max(0, (span.last - today).days + 1),
        measure=Measure(
            count=len(counting),
            recorded=sum(1 for number in per_day.values() if number),
            tiers=tuple(Tier(code=t.code, first=t.days_from, last=t.days_to) for t in table.device),
            reasons=_sentences(reasons),
        ),
    )


def _current(counts: Counts, today: date) -> Span | None:
    """The period of today: the latest one with a reading, moved on by whole periods."""
    known = [period.span for period in counts.days.periods if period.span.first <= today]
    if not known:
        return None
    latest = known[-1]
    length = (latest.last - latest.first).days + 1
    first = latest.first + timedelta(days=(today - latest.first).days // length * length)
    return Span(first=first, last=first + timedelta(days=length - 1))


def _month(counts: Counts, program: BilledProgram, today: date, tiers: tuple[Tier, ...]) -> Month:
    span, case = month_of(today), counts.case
    seconds = int(counts.time.seconds(program, span))
    recorded = sum(
        (entry.end - entry.start).total_seconds()
        for entry in own(case)
        if entry.program == program and local_date(entry.start, case.zone) in span
    )
    reasons = {*counts.time.losses(program, span), *counts.time.missing(program, span)}
    table = tables.rpm_on(today)
    return Month(
        program=program,
        first=span.first,
        seconds=seconds,
        recorded_seconds=int(recorded),
        live_contact=table is not None
        and any(
            entry.interactive and entry.mode in table.live_modes
            for entry in counts.time.counting(program, span)
        ),
        measure=Measure(
            count=seconds // 60,
            recorded=int(recorded) // 60,
            tiers=tiers,
            reasons=_sentences(reasons),
        ),
    )


def _sentences(reasons: Iterable[Reason]) -> tuple[str, ...]:
    return tuple(SENTENCES[reason] for reason in in_order(reasons))


def _rpm_tiers(day: date) -> tuple[Tier, ...]:
    table = tables.rpm_on(day)
    return tuple(
        Tier(code=t.code, first=t.minutes_from, last=t.minutes_below and t.minutes_below - 1)
        for t in (table.time if table else ())
    )


def _ccm_tiers(day: date) -> tuple[Tier, ...]:
    """The first step of the family that clinical staff's minutes lead to."""
    table = tables.ccm_on(day)
    return tuple(
        Tier(code=lane.base, first=lane.minutes_from, last=None)
        for lane in (table.lane if table else ())
        if lane.name == "staff"
    )
