"""What a device reported, in the device's own unit and digits. Nothing here converts or judges.

Numbers are decimals with the transmitted digits (`36.80` stays `36.80`). `device_time` is the
device's own clock, zoneless, or None where the device gave none that exists. Fields are only ever
added, with a default; none is renamed, re-typed or reused.
"""

from datetime import datetime
from decimal import Decimal

import msgspec


class _Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of everything a decoder can make of a payload."""


class BloodPressure(_Reported, frozen=True, kw_only=True, tag="blood_pressure"):
    """Blood Pressure Measurement 2A35 or a vendor's record; `unit` is mmHg or kPa."""

    systolic: Decimal
    diastolic: Decimal
    unit: str
    flags: tuple[str, ...]
    mean: Decimal | None = None
    pulse_bpm: Decimal | None = None
    user: int | None = None
    device_time: datetime | None = None
    sequence: int | None = None


class CuffPressure(_Reported, frozen=True, kw_only=True, tag="cuff_pressure"):
    """Intermediate Cuff Pressure 2A36: a display value during inflation, never stored."""

    value: Decimal | None
    unit: str


class _GlucoseRecord(_Reported, frozen=True, kw_only=True):
    """Glucose Measurement 2A18 or a meter's record; `unit` is mg/dL or mmol/L.

    `value` is None above or below the meter's range; the flags say which.
    """

    value: Decimal | None
    unit: str
    flags: tuple[str, ...]
    sequence: int | None = None
    base_time: datetime | None = None
    time_offset_minutes: int | None = None
    device_time: datetime | None = None
    sample_type: str | None = None
    sample_location: str | None = None
    context_follows: bool | None = None
    meal: str | None = None


class Glucose(_GlucoseRecord, frozen=True, kw_only=True, tag="glucose"):
    """A patient's glucose."""


class ControlSolution(_GlucoseRecord, frozen=True, kw_only=True, tag="control_solution"):
    """A test of the meter with control solution: for the quality log, never for the patient."""


class Analyte(_Reported, frozen=True, kw_only=True):
    """A number of a two-analyte meter that is not glucose, kept unconverted."""

    raw_value: Decimal
    analyte: str
    flags: tuple[str, ...] = ()
    device_time: datetime | None = None
    sequence: int | None = None


class Ketone(Analyte, frozen=True, kw_only=True, tag="ketone"):
    """Ketone; the divisor differs by meter and is named by the profile, not guessed."""


class OtherAnalyte(Analyte, frozen=True, kw_only=True, tag="other_analyte"):
    """Any other analyte a meter marks."""


class GlucoseContext(_Reported, frozen=True, kw_only=True, tag="glucose_context"):
    """Glucose Measurement Context 2A34, joined to its measurement by `sequence`."""

    sequence: int
    carbohydrate: str | None = None
    carbohydrate_kg: Decimal | None = None
    meal: str | None = None
    tester: str | None = None
    health: str | None = None
    exercise_seconds: int | None = None
    exercise_percent: int | None = None
    medication: str | None = None
    hba1c_percent: Decimal | None = None


class RacpResponse(_Reported, frozen=True, kw_only=True, tag="racp_response"):
    """Record Access Control Point 2A52, opcode 06: the end of a procedure."""

    request_opcode: int
    response_code: int
    result: str


class RacpCount(_Reported, frozen=True, kw_only=True, tag="racp_count"):
    """Record Access Control Point 2A52, opcode 05: the number of stored records."""

    count: int


class PulseOximetry(_Reported, frozen=True, kw_only=True, tag="pulse_oximetry"):
    """PLX spot-check 2A5E or continuous 2A5F; `unit` is %."""

    spo2: Decimal
    unit: str
    flags: tuple[str, ...]
    pulse_bpm: Decimal | None = None
    device_time: datetime | None = None


class Temperature(_Reported, frozen=True, kw_only=True, tag="temperature"):
    """Temperature Measurement 2A1C; `unit` is the UCUM code Cel or [degF]."""

    value: Decimal
    unit: str
    flags: tuple[str, ...]
    site: str | None = None
    device_time: datetime | None = None


class Weight(_Reported, frozen=True, kw_only=True, tag="weight"):
    """Weight Measurement 2A9D; `unit` is kg or [lb_av], `height_unit` m or [in_i]."""

    value: Decimal
    unit: str
    flags: tuple[str, ...]
    user: int | None = None
    bmi: Decimal | None = None
    height: Decimal | None = None
    height_unit: str | None = None
    device_time: datetime | None = None


class BodyComposition(_Reported, frozen=True, kw_only=True, tag="body_composition"):
    """Body Composition Measurement 2A9C; `unit` is that of the masses."""

    fat_percent: Decimal | None
    unit: str
    flags: tuple[str, ...] = ()
    basal_metabolism_kj: Decimal | None = None
    muscle_percent: Decimal | None = None
    muscle_mass: Decimal | None = None
    fat_free_mass: Decimal | None = None
    soft_lean_mass: Decimal | None = None
    body_water_mass: Decimal | None = None
    impedance_ohm: Decimal | None = None
    weight: Decimal | None = None
    height: Decimal | None = None
    user: int | None = None
    device_time: datetime | None = None


class FailedMeasurement(_Reported, frozen=True, kw_only=True, tag="failed_measurement"):
    """The device spoke, but this is no reading: `of` is the kind that was attempted."""

    of: str
    flags: tuple[str, ...]
    unit: str | None = None
    user: int | None = None
    device_time: datetime | None = None
    sequence: int | None = None
    base_time: datetime | None = None
    time_offset_minutes: int | None = None
    sample_type: str | None = None
    sample_location: str | None = None
    context_follows: bool | None = None
    site: str | None = None


class DeviceClock(_Reported, frozen=True, kw_only=True, tag="device_clock"):
    """A device's clock, as read: 2A08, 2A2B or a vendor's command."""

    device_time: datetime | None


class DeviceInfo(_Reported, frozen=True, kw_only=True, tag="device_info"):
    """What a meter says about itself."""

    model: str | None = None
    serial: str | None = None
    records: int | None = None
    low_limit: Decimal | None = None
    high_limit: Decimal | None = None
    unit: str | None = None
    device_time: datetime | None = None


class UserRecords(msgspec.Struct, frozen=True, kw_only=True):
    """One user slot's latest sequence number and record count."""

    sequence: int
    records: int


class DeviceAdvertisement(_Reported, frozen=True, kw_only=True, tag="device_advertisement"):
    """A vendor's advertisement that tells what is waiting."""

    users: tuple[UserRecords, ...]
    clock_not_set: bool
    pairing_mode: bool


class Advertisement(_Reported, frozen=True, kw_only=True, tag="advertisement"):
    """AD structures as broadcast; identifiers in upper-case hexadecimal."""

    local_name: str | None = None
    service_uuids: tuple[str, ...] = ()
    manufacturer: str | None = None
    manufacturer_data: str | None = None


class Refusal(_Reported, frozen=True, kw_only=True, tag="refusal"):
    """Why bytes could not be read: which field, at which offset. Never the bytes themselves."""

    reason: str
    field: str | None = None
    offset: int | None = None


Reading = BloodPressure | Glucose | PulseOximetry | Temperature | Weight | BodyComposition
Spoken = (
    Reading
    | CuffPressure
    | ControlSolution
    | Ketone
    | OtherAnalyte
    | GlucoseContext
    | RacpResponse
    | RacpCount
    | FailedMeasurement
    | DeviceClock
    | DeviceInfo
    | DeviceAdvertisement
    | Advertisement
)
Outcome = Spoken | Refusal
