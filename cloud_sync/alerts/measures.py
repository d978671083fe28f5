"""What a threshold can be set for, and whether a reading lies outside it. Pure.

A bound is in the measure's own unit; a device that reports another unit is converted for the
comparison only, with the factor's source beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from cloud_sync.contract import readings as r

Side = Literal["low", "high"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """How a measure is called, and the unit of its bounds."""

    name: str
    unit: str


MEASURES = {
    "systolic": Measure(name="Systolic pressure", unit="mmHg"),
    "diastolic": Measure(name="Diastolic pressure", unit="mmHg"),
    "pulse": Measure(name="Pulse", unit="/min"),
    "glucose": Measure(name="Glucose", unit="mg/dL"),
    "spo2": Measure(name="Oxygen saturation", unit="%"),
    "temperature": Measure(name="Temperature", unit="°C"),
    "weight": Measure(name="Weight", unit="kg"),
}
_MMHG_PER_KPA = Decimal("7.500617")  # 101.325 kPa are 760 mmHg
_MG_DL_PER_MMOL_L = Decimal("18.0156")  # molar mass of glucose, 180.156 g/mol
_KG_PER_LB = Decimal("0.45359237")  # exact: international pound of 1959


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Below `low` or above `high` somebody is told; None: not on that side."""

    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A value that lies outside: `value` as text, in the measure's unit."""

    measure: str
    side: Side
    value: str
    bound: str


def outside(outcome: r.Outcome, bounds: Mapping[str, Bounds]) -> Iterator[Outside]:
    """Every measure of this reading that lies outside its bounds."""
    for measure, value in _values(outcome):
        bound = bounds.get(measure)
        if bound is None:
            continue
        low, high = bound.low, bound.high
        if isinstance(value, str):  # beyond the meter's own range: further out than any number
            side: Side = "high" if value == "HIGH" else "low"
            named = high if side == "high" else low
            if named is not None:
                yield Outside(measure=measure, side=side, value=value, bound=f"{named:f}")
        elif low is not None and value < low:
            yield Outside(measure=measure, side="low", value=f"{value:f}", bound=f"{low:f}")
        elif high is not None and value > high:
            yield Outside(measure=measure, side="high", value=f"{value:f}", bound=f"{high:f}")


def _values(outcome: r.Outcome) -> Iterator[tuple[str, Decimal | str]]:
    match outcome:
        case r.BloodPressure():
            for name, value in (("systolic", outcome.systolic), ("diastolic", outcome.diastolic)):
                yield name, _rounded(value * _MMHG_PER_KPA) if outcome.unit == "kPa" else value
        case r.Glucose():
            yield from _glucose(outcome)
        case r.PulseOximetry():
            yield "spo2", outcome.spo2
        case r.Temperature():
            fahrenheit = outcome.unit == "[degF]"
            yield (
                "temperature",
                _rounded((outcome.value - 32) * 5 / 9) if fahrenheit else outcome.value,
            )
        case r.Weight():
            pounds = outcome.unit == "[lb_av]"
            yield "weight", _rounded(outcome.value * _KG_PER_LB) if pounds else outcome.value
    pulse = getattr(outcome, "pulse_bpm", None)
    if isinstance(pulse, Decimal):
        yield "pulse", pulse


def _glucose(outcome: r.Glucose) -> Iterator[tuple[str, Decimal | str]]:
    if outcome.value is None:
        yield "glucose", "HIGH" if "above_range" in outcome.flags else "LOW"
    elif outcome.unit == "mmol/L":
        yield "glucose", _rounded(outcome.value * _MG_DL_PER_MMOL_L)
    else:
        yield "glucose", outcome.value


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"))
