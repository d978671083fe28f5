"""What the self-audit looks at: a whole practice's facts over some months, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from cloud_sync.rules import shape
from cloud_sync.rules.calendar import Span, month_named
from cloud_sync.rules.facts import Claim


@dataclass(frozen=True, kw_only=True, slots=True)
class PatientFile:
    """What is on file for one patient. A practitioner named `P1` is this practice's own."""

    id: str
    established_on: date | None = None
    consents: tuple[shape.Consent, ...] = ()
    orders: tuple[shape.Order, ...] = ()
    episodes: tuple[shape.Episode, ...] = ()
    claims: tuple[Claim, ...] = ()
    first_rpm_on: date | None = None  # the first reading's or RPM entry's date, of all time


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkedTime:
    """One entry of care time in force. `on` is its local date at the patient's home."""

    id: str
    patient_id: str
    staff_id: str
    program: str  # RPM, CCM or other
    start: datetime
    end: datetime
    on: date
    entered_at: datetime
    measured: bool  # by the clock, not typed in
    note: str
    patients: int = 1

    @property
    def month(self) -> str:
        return f"{self.on:%Y-%m}"

    @property
    def length(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceMonth:
    """A calendar month of one patient in which devices that may count gave readings."""

    patient_id: str
    month: str  # `2026-01`
    days: int  # distinct local dates
    devices: int  # distinct devices


@dataclass(frozen=True, kw_only=True, slots=True)
class LentDevice:
    """A device in a patient's hands, with its readings in the months looked at."""

    patient_id: str
    device_id: str
    label: str
    held: Span  # cut to the months looked at
    fda_defined: bool
    automatic: bool
    test: bool
    readings: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceUnit:
    """A line of a device code in a closed month's determination."""

    patient_id: str
    month: str
    code: str
    units: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Practice:
    """Everything, for months that follow one another without a gap."""

    months: tuple[str, ...]
    zone: ZoneInfo  # the practice's own, in which a worker's day is reckoned
    late_entry_hours: int
    patients: Mapping[str, PatientFile]
    time: tuple[WorkedTime, ...]
    device_months: tuple[DeviceMonth, ...]
    lent: tuple[LentDevice, ...]
    units: tuple[DeviceUnit, ...]

    @property
    def span(self) -> Span:
        """From the first month's first day to the last one's last."""
        return Span(first=month_named(self.months[0]).first, last=month_named(self.months[-1]).last)

    def in_rpm(self) -> dict[str, PatientFile]:
        """Who had RPM in these months: a reading, an RPM entry, or a running episode."""
        had = {one.patient_id for one in self.device_months}
        had |= {one.patient_id for one in self.time if one.program == "RPM"}
        return {
            key: one
            for key, one in self.patients.items()
            if key in had or any(_runs(episode, self.span) for episode in one.episodes)
        }

    def in_ccm(self) -> dict[str, PatientFile]:
        """Who had CCM time in these months."""
        had = {one.patient_id for one in self.time if one.program == "CCM"}
        return {key: one for key, one in self.patients.items() if key in had}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """From where on a figure is flagged. OIG 2025 gives the first; the others are our own (P)."""

    spike_rise: Fraction = Fraction(3, 2)  # a rise by 150 % against the month before
    spike_patients: int = 5  # fewer new patients are no spike, whatever the ratio
    unmanaged_months: int = 2  # in a row, with device days and without RPM time
    late_share: Fraction = Fraction(1, 10)
    same_length_share: Fraction = Fraction(1, 5)  # entries of exactly 5, 10, 15 ... minutes
    just_reached_share: Fraction = Fraction(3, 10)  # by chance about one month in ten
    just_reached_minutes: int = 2
    enough: int = 10  # a share of fewer entries or months says nothing
    day_hours: int = 12
    note_likeness: Fraction = Fraction(4, 5)
    note_copies: int = 3


def _runs(episode: shape.Episode, span: Span) -> bool:
    return (
        episode.program == "RPM"
        and episode.start <= span.last
        and (episode.end is None or episode.end >= span.first)
    )
