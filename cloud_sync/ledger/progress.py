"""How far a patient's period and month have come, against the thresholds of the dated rules.

For pages: what counts is decided by `cloud_sync.rules`; here it is only laid out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from cloud_sync.ledger import care_entries
from cloud_sync.ledger.care_entries import Entry
from cloud_sync.ledger.devices import PATIENT_KINDS
from cloud_sync.ledger.local_time import local, midnight_ms, month_bounds
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.readings import day_counts
from cloud_sync.ledger.tables import observation
from cloud_sync.rules import tables


@dataclass(frozen=True, kw_only=True)
class Tier:
    """So many days, or minutes, earn this code; `last` None has no upper end."""

    code: str
    first: int
    last: int | None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One date of the period."""

    day: date
    readings: int
    future: bool


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A count against its tiers."""

    count: int
    tiers: tuple[Tier, ...]

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
class Period:
    """The device period the day lies in: consecutive, never overlapping, from the first reading."""

    first: date
    last: date
    cells: tuple[Cell, ...]
    measure: Measure

    @property
    def days_left(self) -> int:
        """Dates of the period still to come or under way."""
        return sum(1 for cell in self.cells if cell.future or cell is self.today)

    @property
    def today(self) -> Cell | None:
        """The current date's cell."""
        past = [cell for cell in self.cells if not cell.future]
        return past[-1] if past and len(past) <= len(self.cells) else None


@dataclass(frozen=True, kw_only=True)
class Month:
    """The calendar month's minutes of one program."""

    program: str
    first: date
    seconds: int
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
    today = local(at_ms, patient.zone).date()
    first, next_first = month_bounds(today)
    bounds = midnight_ms(first, patient.zone), midnight_ms(next_first, patient.zone)
    entries = [e for e in care_entries.of_patient(db, patient.id, *bounds) if not e.corrected]
    return Progress(
        today=today,
        zone=patient.zone,
        period=_period(db, patient.id, today),
        rpm=_month("RPM", entries, first, bounds, _rpm_tiers(today)),
        ccm=_month("CCM", entries, first, bounds, _ccm_tiers(today)),
    )


def _period(db: Connection, patient_id: str, today: date) -> Period | None:
    anchor: date | None = db.execute(
        select(func.min(observation.c.local_day)).where(
            observation.c.patient_id == patient_id, observation.c.kind.in_(PATIENT_KINDS)
        )
    ).scalar()
    table = tables.rpm_on(today)
    if anchor is None or table is None or anchor > today:
        return None
    first = today - timedelta(days=(today - anchor).days % table.period_days)
    last = first + timedelta(days=table.period_days - 1)
    counts = day_counts(db, patient_id, first, last)
    days = [first + timedelta(days=n) for n in range(table.period_days)]
    in_force = tables.rpm_on(last) or table
    tiers = tuple(Tier(code=t.code, first=t.days_from, last=t.days_to) for t in in_force.device)
    return Period(
        first=first,
        last=last,
        cells=tuple(Cell(day=d, readings=counts.get(d, 0), future=d > today) for d in days),
        measure=Measure(count=len(counts), tiers=tiers),
    )


def _month(
    program: str,
    entries: Sequence[Entry],
    first: date,
    bounds: tuple[int, int],
    tiers: tuple[Tier, ...],
) -> Month:
    own = [entry for entry in entries if entry.program == program]
    seconds = _union_ms(own, bounds) // 1000
    return Month(
        program=program,
        first=first,
        seconds=seconds,
        live_contact=any(entry.interactive for entry in own),
        measure=Measure(count=seconds // 60, tiers=tiers),
    )


def _union_ms(entries: Iterable[Entry], bounds: tuple[int, int]) -> int:
    """Two workers at once in one program: a second of the patient's time counts once."""
    total, covered = 0, bounds[0]
    for entry in sorted(entries, key=lambda e: e.start_ms):
        start, end = max(entry.start_ms, covered), min(entry.end_ms, bounds[1])
        if end > start:
            total, covered = total + end - start, end
    return total


def _rpm_tiers(day: date) -> tuple[Tier, ...]:
    table = tables.rpm_on(day)
    found = () if table is None else table.time
    return tuple(
        Tier(code=t.code, first=t.minutes_from, last=t.minutes_below and t.minutes_below - 1)
        for t in found
    )


def _ccm_tiers(day: date) -> tuple[Tier, ...]:
    table = tables.ccm_on(day)
    lanes = () if table is None else table.lane
    return tuple(
        Tier(code=lane.base, first=lane.minutes_from, last=None)
        for lane in lanes
        if lane.name == "staff"
    )
