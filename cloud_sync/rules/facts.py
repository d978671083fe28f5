"""What is known of one patient when a question is asked: the value that every rule takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from cloud_sync.rules import shape
from cloud_sync.rules.calendar import Span, is_closed


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One reading of any kind, with the local date of each of its two clocks."""

    device: str
    measured_at: datetime
    received_at: datetime
    measured_on: date
    received_on: date
    automatic: bool
    measurement: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Care time. `apart` overlaps nothing by definition: the shorthand for minutes."""

    program: Literal["RPM", "CCM", "other"]
    start: datetime
    end: datetime
    staff: str
    note: str | None  # None: sound by definition
    interactive: bool
    mode: str
    entered_at: datetime
    patients: int = 1
    other_patient: bool = False
    apart: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Episode:
    """A program from its start to its end. `claimed` says its set-up was billed long ago."""

    start: date
    end: date | None
    set_up_on: date | None = None
    educated_on: date | None = None
    claimed: bool = False

    def __contains__(self, day: date) -> bool:
        return self.start <= day and not self.ended_before(day)

    def ended_before(self, day: date) -> bool:
        return self.end is not None and self.end < day


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What else has been or will be billed, by whom, on which days."""

    code: str
    days: Span
    practitioner: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One patient's facts, as far as they were known at `as_of`."""

    id: str
    as_of: datetime
    zone: ZoneInfo
    period_start: date | Literal["first_reading", "calendar_month"]
    settings: shape.Settings
    payer: str | None
    established_on: date | None
    conditions: tuple[shape.Condition, ...]
    consents: tuple[shape.Consent, ...]
    orders: tuple[shape.Order, ...]
    visits: tuple[shape.Visit, ...]
    care_plans: tuple[shape.CarePlan, ...]
    decision_making: tuple[shape.DecisionMaking, ...]
    lane_choices: Mapping[Span, shape.LaneChoiceName]
    rpm_episodes: tuple[Episode, ...]  # by their start
    ccm_episodes: tuple[Episode, ...]
    devices: tuple[shape.Device, ...]
    readings: tuple[Reading, ...]  # by the moment of measurement
    entries: tuple[Entry, ...]  # by their start
    roles: Mapping[str, shape.Role]
    stays: tuple[Span, ...]
    claims: tuple[Claim, ...]

    def is_open(self, span: Span) -> bool:
        return not is_closed(span, self.as_of, self.zone)
