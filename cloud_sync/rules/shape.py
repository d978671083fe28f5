"""The case file's shape: one struct for each entry, with the defaults of a key that is left out.

Unknown keys are errors. What the entries mean together is the business of `case.py`.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType, field

BILLING = "P1"  # the billing practitioner's id in every case file

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
MonthText = Annotated[str, msgspec.Meta(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Z][0-9]{4}$")]
BilledProgram = Literal["RPM", "CCM"]
LaneChoiceName = Literal["staff", "practitioner", "complex"]
Source = Literal["automatic", "manual"]
Role = Literal["clinical_staff", "practitioner", "non_clinical"]
Mode = Literal["phone", "video", "in_person", "text", "voicemail", "portal", "none"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base: frozen, by keyword, nothing unknown."""


class Settings(_Entry, frozen=True, kw_only=True):
    """The practice's recorded conventions."""

    time_zone: Text = "America/Denver"
    period_start: Text = "first_reading"
    day_rule: Literal["measured", "received"] = "measured"
    late_receipt_days: Annotated[int, msgspec.Meta(ge=0, le=3650)] = 3
    caps: dict[Code, Count] = field(default_factory=dict)
    rpm_contact_required: bool = True
    ccm_consent: Literal["documented", "written"] = "documented"
    late_entry_hours: Annotated[int, msgspec.Meta(ge=0, le=87_600)] = 48


class Condition(_Entry, frozen=True, kw_only=True):
    """A chronic condition, as the practice recorded it."""

    icd10: Annotated[str, msgspec.Meta(min_length=3)]
    expected_months: Count = 0
    risk: bool = False


class Patient(_Entry, frozen=True, kw_only=True):
    """Merged key by key, so that absent and null stay apart."""

    established_on: date | UnsetType | None = UNSET
    payer: str | UnsetType = UNSET
    conditions: tuple[Condition, ...] | UnsetType = UNSET


class Consent(_Entry, frozen=True, kw_only=True):
    """Agreement to one program of one practitioner, in force from `given_on`."""

    program: BilledProgram
    given_on: date
    mode: Literal["verbal", "written", "electronic"] = "written"
    documented: bool = True
    practitioner: Text = BILLING
    revoked_on: date | None = None


class Order(_Entry, frozen=True, kw_only=True):
    """A practitioner's order for monitoring."""

    program: Literal["RPM"]
    ordered_on: date
    practitioner: Text = BILLING


class Visit(_Entry, frozen=True, kw_only=True):
    """An initiating visit and the programs discussed at it."""

    on: date
    practitioner: Text = BILLING
    discussed: tuple[BilledProgram, ...] = ()


class CarePlan(_Entry, frozen=True, kw_only=True):
    """A version of the care plan, and whether the patient has a copy."""

    on: date
    practitioner: Text = BILLING
    shared_with_patient: bool = True
    substantially_revised: bool = False


class DecisionMaking(_Entry, frozen=True, kw_only=True):
    """The documented complexity of medical decision making of a month."""

    month: MonthText
    level: Literal["low", "moderate", "high"]
    practitioner: Text = BILLING


class LaneChoice(_Entry, frozen=True, kw_only=True):
    """Which family of CCM codes the practice chose for a month."""

    month: MonthText
    lane: LaneChoiceName


class Episode(_Entry, frozen=True, kw_only=True):
    """A program from its start to its end, with set-up and teaching."""

    program: BilledProgram
    start: date
    end: date | None = None
    set_up_on: date | None = None
    educated_on: date | None = None


class Device(_Entry, frozen=True, kw_only=True):
    """A device, what it is, and from when to when it is this patient's."""

    id: Text
    kind: str = ""
    fda_defined: bool = True
    automatic: bool = True
    assigned_from: date | None = None
    assigned_to: date | None = None
    test: bool = False


class ReadingEntry(_Entry, frozen=True, kw_only=True):
    """One reading with the moments of its measurement and its receipt."""

    device: Text
    measured_at: Instant
    received_at: Instant | None = None
    source: Source = "automatic"
    result: Literal["measurement", "failed", "control"] = "measurement"
    value: str = ""


class ReadingDays(_Entry, frozen=True, kw_only=True):
    """Shorthand for readings from 08:00 on each date, a minute apart."""

    device: Text
    dates: tuple[date, ...]
    per_day: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 1
    received: Text = "same_day"
    source: Source = "automatic"


class TimeEntry(_Entry, frozen=True, kw_only=True):
    """One stretch of care time, in one program, by one worker."""

    program: Literal["RPM", "CCM", "other"]
    start: Instant
    end: Instant
    staff: Text = "S1"
    activity: str = ""
    note: str = ""
    interactive: bool = False
    mode: Mode | None = None
    entered_at: Instant | None = None
    patients: Annotated[int, msgspec.Meta(ge=1)] = 1
    other_patient: bool = False


class Minutes(_Entry, frozen=True, kw_only=True):
    """Shorthand for one sound entry, made at once, overlapping nothing."""

    program: BilledProgram
    month: MonthText
    minutes: Annotated[int, msgspec.Meta(ge=0, le=31 * 24 * 60)]
    seconds: Annotated[int, msgspec.Meta(ge=0, le=59)] = 0
    staff: Text = "S1"
    interactive: bool = False


class StaffMember(_Entry, frozen=True, kw_only=True):
    """Who works for the practice, and as what."""

    id: Text
    role: Role
    employed: bool = False


class Stay(_Entry, frozen=True, kw_only=True):
    """A stay as an inpatient or in a skilled nursing facility."""

    kind: Literal["inpatient", "snf"]
    first: date = field(name="from")
    last: date = field(name="to")


class OtherClaim(_Entry, frozen=True, kw_only=True):
    """What else was billed, in a month or on a day."""

    code: Code
    month: MonthText | None = None
    on: date | None = None
    practitioner: Text = BILLING


class CaseFile(_Entry, frozen=True, kw_only=True):
    """The document. A list that is None was left out, which is not the same as empty."""

    id: Text
    as_of: Instant
    why: str = ""
    defaults: bool = True
    settings: Settings = field(default_factory=Settings)
    patient: Patient = field(default_factory=Patient)
    consents: tuple[Consent, ...] | None = None
    orders: tuple[Order, ...] | None = None
    initiating_visits: tuple[Visit, ...] | None = None
    care_plans: tuple[CarePlan, ...] | None = None
    decision_making: tuple[DecisionMaking, ...] = ()
    lane_choices: tuple[LaneChoice, ...] = ()
    episodes: tuple[Episode, ...] | None = None
    devices: tuple[Device, ...] | None = None
    readings: tuple[ReadingEntry, ...] = ()
    reading_days: tuple[ReadingDays, ...] = ()
    time: tuple[TimeEntry, ...] = ()
    minutes: tuple[Minutes, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    stays: tuple[Stay, ...] = ()
    other_claims: tuple[OtherClaim, ...] = ()
    expect: object = None  # the answer of a specification case, never read
