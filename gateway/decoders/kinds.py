"""From what a payload claims to what it is: failed attempt, control test or reading.

The order is fixed: no number is a failed attempt and no other number is judged; an impossible
number refuses the payload; a control mark goes before the patient; what remains is a reading.
"""

from datetime import datetime
from decimal import Decimal

import msgspec

from cloud_sync.contract.readings import (
    BloodPressure,
    ControlSolution,
    FailedMeasurement,
    Glucose,
    PulseOximetry,
    Temperature,
    Weight,
)
from gateway.decoders.numbers import Number, Special
from gateway.decoders.value_rules import marked, optional, plausible, possible

# Oximetry states in which a number on the wire is no measurement of a patient.
_NOT_MEASURED = frozenset({"demonstration", "testing", "calibrating", "unavailable", "invalid"})


class PressureClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A blood pressure as transmitted, not yet judged."""

    systolic: Number
    diastolic: Number
    unit: str = "mmHg"
    mean: Number | None = None
    pulse: Number | None = None
    flags: tuple[str, ...] = ()
    user: int | None = None
    device_time: datetime | None = None
    sequence: int | None = None


class GlucoseClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A glucose record as transmitted, not yet judged; `control` is any mark of a control test."""

    value: Number | None
    unit: str | None = "mg/dL"
    control: bool = False
    flags: tuple[str, ...] = ()
    sequence: int | None = None
    base_time: datetime | None = None
    time_offset_minutes: int | None = None
    device_time: datetime | None = None
    sample_type: str | None = None
    sample_location: str | None = None
    context_follows: bool | None = None
    meal: str | None = None


class OximetryClaim(msgspec.Struct, frozen=True, kw_only=True):
    """An oximetry value as transmitted, not yet judged."""

    spo2: Number
    pulse: Number | None = None
    flags: tuple[str, ...] = ()
    device_time: datetime | None = None


class WeightClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A weight as transmitted, not yet judged; None is the device's "unsuccessful"."""

    value: Decimal | None
    unit: str
    user: int | None = None
    bmi: Decimal | None = None
    height: Decimal | None = None
    height_unit: str | None = None
    device_time: datetime | None = None


def judge_pressure(claim: PressureClaim) -> BloodPressure | FailedMeasurement:
    systolic, diastolic, unit = claim.systolic, claim.diastolic, claim.unit
    if isinstance(systolic, Special) or isinstance(diastolic, Special):
        return FailedMeasurement(
            of="blood_pressure",
            unit=unit,
            flags=claim.flags,
            user=claim.user,
            device_time=claim.device_time,
            sequence=claim.sequence,
        )
    possible("systolic", unit, systolic)
    possible("diastolic", unit, diastolic)
    mean = optional("mean", unit, claim.mean)
    pulse = optional("pulse_bpm", "/min", claim.pulse)
    is_plausible = (
        plausible("systolic", unit, systolic)
        and plausible("diastolic", unit, diastolic)
        and diastolic < systolic
        and plausible("pulse_bpm", "/min", pulse)
    )
    return BloodPressure(
        systolic=systolic,
        diastolic=diastolic,
        mean=mean,
        unit=unit,
        pulse_bpm=pulse,
        user=claim.user,
        device_time=claim.device_time,
        sequence=claim.sequence,
        flags=marked(claim.flags, is_plausible=is_plausible),
    )


def judge_glucose(claim: GlucoseClaim) -> Glucose | ControlSolution | FailedMeasurement:
    """Infinities are no failure: `value` is None and the decoder has set the range flag."""
    number = None if claim.value in (Special.ABOVE, Special.BELOW) else claim.value
    if claim.value is None or isinstance(number, Special):
        return _failed_glucose(claim)
    assert claim.unit is not None, "a concentration has a unit"
    if number is not None:
        possible("glucose", claim.unit, number)
    is_plausible = claim.control or plausible("glucose", claim.unit, number)
    kind = ControlSolution if claim.control else Glucose
    return kind(
        value=number,
        unit=claim.unit,
        flags=marked(claim.flags, is_plausible=is_plausible),
        sequence=claim.sequence,
        base_time=claim.base_time,
        time_offset_minutes=claim.time_offset_minutes,
        device_time=claim.device_time,
        sample_type=claim.sample_type,
        sample_location=claim.sample_location,
        context_follows=claim.context_follows,
        meal=claim.meal,
    )


def _failed_glucose(claim: GlucoseClaim) -> FailedMeasurement:
    return FailedMeasurement(
        of="glucose",
        unit=claim.unit,
        flags=claim.flags,
        sequence=claim.sequence,
        base_time=claim.base_time,
        time_offset_minutes=claim.time_offset_minutes,
        device_time=claim.device_time,
        sample_type=claim.sample_type,
        sample_location=claim.sample_location,
        context_follows=claim.context_follows,
    )


def judge_oximetry(claim: OximetryClaim) -> PulseOximetry | FailedMeasurement:
    spo2 = claim.spo2
    if isinstance(spo2, Special) or _NOT_MEASURED.intersection(claim.flags):
        return FailedMeasurement(
            of="pulse_oximetry", unit="%", flags=claim.flags, device_time=claim.device_time
        )
    possible("spo2", "%", spo2)
    pulse = optional("pulse_bpm", "/min", claim.pulse)
    is_plausible = plausible("spo2", "%", spo2) and plausible("pulse_bpm", "/min", pulse)
    return PulseOximetry(
        spo2=spo2,
        unit="%",
        pulse_bpm=pulse,
        device_time=claim.device_time,
        flags=marked(claim.flags, is_plausible=is_plausible),
    )


def judge_temperature(
    value: Number, unit: str, site: str | None, device_time: datetime | None
) -> Temperature | FailedMeasurement:
    if isinstance(value, Special):
        return FailedMeasurement(
            of="temperature", unit=unit, flags=(), site=site, device_time=device_time
        )
    possible("temperature", unit, value)
    flags = marked((), is_plausible=plausible("temperature", unit, value))
    return Temperature(value=value, unit=unit, flags=flags, site=site, device_time=device_time)


def judge_weight(claim: WeightClaim) -> Weight | FailedMeasurement:
    if claim.value is None:
        return FailedMeasurement(
            of="weight",
            unit=claim.unit,
            flags=(),
            user=claim.user,
            device_time=claim.device_time,
        )
    possible("weight", claim.unit, claim.value)
    return Weight(
        value=claim.value,
        unit=claim.unit,
        flags=marked((), is_plausible=plausible("weight", claim.unit, claim.value)),
        user=claim.user,
        bmi=claim.bmi,
        height=claim.height,
        height_unit=claim.height_unit,
        device_time=claim.device_time,
    )
