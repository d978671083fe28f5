from decimal import Decimal
from typing import Any

import pytest

from cloud_sync.contract.readings import (
    BloodPressure,
    ControlSolution,
    FailedMeasurement,
    Glucose,
    PulseOximetry,
    Temperature,
    Weight,
)
from gateway.decoders.cursor import Refused
from gateway.decoders.kinds import (
    GlucoseClaim,
    OximetryClaim,
    PressureClaim,
    WeightClaim,
    judge_glucose,
    judge_oximetry,
    judge_pressure,
    judge_temperature,
    judge_weight,
)
from gateway.decoders.numbers import Special


def _pressure(systolic: int, diastolic: int, **rest: Any) -> object:
    return judge_pressure(
        PressureClaim(systolic=Decimal(systolic), diastolic=Decimal(diastolic), **rest)
    )


@pytest.mark.parametrize("word", list(Special))
def test_a_pressure_without_a_number_is_a_failed_attempt_whatever_else_is_there(
    word: Special,
) -> None:
    absurd = Decimal(9999)
    for claim in (
        PressureClaim(systolic=word, diastolic=Decimal(80), pulse=absurd, flags=("cuff_loose",)),
        PressureClaim(systolic=absurd, diastolic=word, mean=absurd, flags=("cuff_loose",)),
    ):
        failed = judge_pressure(claim)
        assert isinstance(failed, FailedMeasurement)
        assert (failed.of, failed.flags) == ("blood_pressure", ("cuff_loose",))


@pytest.mark.parametrize(
    ("numbers", "flags"),
    [
        ((120, 80), ()),
        ((49, 30), ("implausible",)),
        ((301, 80), ("implausible",)),
        ((120, 19), ("implausible",)),
        ((250, 201), ("implausible",)),
        ((80, 80), ("implausible",)),
        ((80, 120), ("implausible",)),
    ],
)
def test_an_implausible_pressure_is_flagged_and_kept(
    numbers: tuple[int, int], flags: tuple[str, ...]
) -> None:
    reading = _pressure(*numbers)
    assert isinstance(reading, BloodPressure)
    assert reading.flags == flags


@pytest.mark.parametrize("field", ["mean", "pulse"])
def test_mean_and_pulse_are_judged_too(field: str) -> None:
    with pytest.raises(Refused):
        _pressure(120, 80, **{field: Decimal(401)})
    assert isinstance(_pressure(120, 80, **{field: Decimal(0)}), BloodPressure)


def test_an_implausible_pulse_marks_the_reading() -> None:
    reading = _pressure(120, 80, pulse=Decimal(24))
    assert isinstance(reading, BloodPressure)
    assert reading.flags == ("implausible",)


@pytest.mark.parametrize("word", [None, Special.NAN, Special.NRES, Special.RESERVED])
def test_no_concentration_is_a_failed_attempt_even_with_a_control_mark(
    word: Special | None,
) -> None:
    failed = judge_glucose(GlucoseClaim(value=word, control=True))
    assert isinstance(failed, FailedMeasurement)


def test_an_infinity_has_no_value_and_is_no_failure() -> None:
    above = judge_glucose(GlucoseClaim(value=Special.ABOVE, flags=("above_range",)))
    assert isinstance(above, Glucose)
    assert (above.value, above.flags) == (None, ("above_range",))


def test_control_goes_before_the_patient_also_beyond_the_range() -> None:
    for value in (Decimal(120), Decimal(650), Special.ABOVE, Special.BELOW):
        judged = judge_glucose(GlucoseClaim(value=value, control=True))
        assert isinstance(judged, ControlSolution)
        assert judged.flags == ()


def test_an_impossible_glucose_is_refused_even_as_control() -> None:
    with pytest.raises(Refused):
        judge_glucose(GlucoseClaim(value=Decimal(2001), control=True))


def test_a_number_beyond_the_range_keeps_number_and_mark() -> None:
    judged = judge_glucose(GlucoseClaim(value=Decimal(601), flags=("above_range",)))
    assert isinstance(judged, Glucose)
    assert judged.value == 601
    assert judged.flags == ("above_range", "implausible")


@pytest.mark.parametrize(
    "state", ["demonstration", "testing", "calibrating", "unavailable", "invalid"]
)
def test_oximetry_that_did_not_measure_a_patient_is_a_failed_attempt(state: str) -> None:
    claim = OximetryClaim(spo2=Decimal(98), pulse=Decimal(9999), flags=("ongoing", state))
    failed = judge_oximetry(claim)
    assert isinstance(failed, FailedMeasurement)
    assert failed.flags == ("ongoing", state)


def test_questionable_oximetry_is_kept_and_marked() -> None:
    judged = judge_oximetry(OximetryClaim(spo2=Decimal(49), flags=("questionable",)))
    assert isinstance(judged, PulseOximetry)
    assert judged.flags == ("questionable", "implausible")


def test_temperature_and_weight_follow_the_same_order() -> None:
    assert isinstance(judge_temperature(Special.NRES, "Cel", "ear", None), FailedMeasurement)
    warm = judge_temperature(Decimal("44.1"), "Cel", None, None)
    assert isinstance(warm, Temperature)
    assert warm.flags == ("implausible",)
    assert isinstance(judge_weight(WeightClaim(value=None, unit="kg")), FailedMeasurement)
    light = judge_weight(WeightClaim(value=Decimal("1.995"), unit="kg"))
    assert isinstance(light, Weight)
    assert light.flags == ("implausible",)
    with pytest.raises(Refused):
        judge_weight(WeightClaim(value=Decimal(0), unit="kg"))
