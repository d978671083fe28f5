from decimal import Decimal

import pytest

from cloud_sync.alerts.measures import MEASURES, Bounds, outside
from cloud_sync.contract import readings as r

D = Decimal


def pressure(
    systolic: str, diastolic: str, unit: str = "mmHg", pulse: str | None = None
) -> r.Outcome:
    return r.BloodPressure(
        systolic=D(systolic),
        diastolic=D(diastolic),
        unit=unit,
        flags=(),
        pulse_bpm=None if pulse is None else D(pulse),
    )


def found(
    outcome: r.Outcome, **bounds: tuple[str | None, str | None]
) -> list[tuple[str, str, str]]:
    limits = {
        name: Bounds(low=low and D(low), high=high and D(high))  # type: ignore[arg-type]
        for name, (low, high) in bounds.items()
    }
    return [(one.measure, one.side, one.value) for one in outside(outcome, limits)]


def test_on_the_bound_is_inside_beyond_it_is_outside() -> None:
    assert found(pressure("160", "50"), systolic=("90", "160"), diastolic=("50", None)) == []
    assert found(pressure("161", "49"), systolic=("90", "160"), diastolic=("50", None)) == [
        ("systolic", "high", "161"),
        ("diastolic", "low", "49"),
    ]
    assert found(pressure("200", "100")) == []


def test_the_pulse_of_any_device() -> None:
    assert found(pressure("120", "70", pulse="130"), pulse=("50", "120")) == [
        ("pulse", "high", "130")
    ]
    oximeter = r.PulseOximetry(spo2=D(86), unit="%", flags=(), pulse_bpm=D(40))
    assert found(oximeter, spo2=("88", None), pulse=("50", None)) == [
        ("spo2", "low", "86"),
        ("pulse", "low", "40"),
    ]


@pytest.mark.parametrize(
    ("outcome", "measure", "bounds"),
    [
        (pressure("22.0", "12.0", "kPa"), "systolic", ("90", "164.9")),  # 165.0 mmHg
        (r.Glucose(value=D("14.0"), unit="mmol/L", flags=()), "glucose", (None, "252.1")),
        (r.Glucose(value=D(60), unit="mg/dL", flags=()), "glucose", ("70", None)),
        (r.Glucose(value=None, unit="mg/dL", flags=("above_range",)), "glucose", (None, "400")),
        (r.Glucose(value=None, unit="mg/dL", flags=("below_range",)), "glucose", ("60", None)),
        (r.Temperature(value=D("101.3"), unit="[degF]", flags=()), "temperature", (None, "38.4")),
        (r.Weight(value=D("220.5"), unit="[lb_av]", flags=()), "weight", (None, "99.9")),
    ],
)
def test_units_are_made_equal(
    outcome: r.Outcome, measure: str, bounds: tuple[str | None, str | None]
) -> None:
    assert [one[0] for one in found(outcome, **{measure: bounds})] == [measure]
    assert measure in MEASURES


def test_what_is_no_reading_raises_nothing() -> None:
    failed = r.FailedMeasurement(of="blood_pressure", flags=())
    control = r.ControlSolution(value=D(400), unit="mg/dL", flags=())
    for outcome in (failed, control):
        assert found(outcome, systolic=("90", "160"), glucose=("70", "180")) == []
