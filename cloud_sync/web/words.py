"""How values, times and states are said on a page. Values keep the device's unit and digits."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from cloud_sync.contract import readings as r
from cloud_sync.contract.canonical import plain
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.readings import Seen
from cloud_sync.web.file_words import fact_words

_KINDS = {
    "blood_pressure": "Blood pressure",
    "glucose": "Glucose",
    "pulse_oximetry": "Oxygen saturation",
    "temperature": "Temperature",
    "weight": "Weight",
    "body_composition": "Body composition",
    "ketone": "Ketone",
    "other_analyte": "Other analyte",
    "control_solution": "Control solution test",
    "failed_measurement": "Failed measurement",
}
_WORTH_SAYING_MS = 60_000
_UNITS = {"Cel": "°C", "[degF]": "°F", "[lb_av]": "lb"}
_FLAGS = {
    "cuff_loose": "cuff was loose",
    "improper_position": "arm in the wrong position",
    "battery_low": "device battery low",
    "above_range": "above the meter's range",
    "below_range": "below the meter's range",
    "pulse_above_range": "pulse above the device's range",
    "pulse_below_range": "pulse below the device's range",
    "irregular_pulse": "irregular pulse",
    "body_movement": "patient moved",
    "clock_not_set": "device clock not set",
    "implausible": "implausible value: check with the patient",
}


def kind(name: str) -> str:
    """The measurement's everyday name."""
    return _KINDS.get(name, name.replace("_", " ").capitalize())


def value(outcome: r.Outcome) -> str:
    """The main value with its unit, as the device reported it."""
    match outcome:
        case r.BloodPressure():
            unit = unit_name(outcome.unit)
            return f"{plain(outcome.systolic)}/{plain(outcome.diastolic)} {unit}"
        case r.Glucose() | r.ControlSolution():
            return _glucose(outcome)
        case r.PulseOximetry():
            return f"{plain(outcome.spo2)} {unit_name(outcome.unit)}"
        case r.Temperature() | r.Weight():
            return f"{plain(outcome.value)} {unit_name(outcome.unit)}"
        case r.BodyComposition():
            return "no fat value" if outcome.fat_percent is None else f"{outcome.fat_percent} % fat"
        case r.Ketone() | r.OtherAnalyte():
            return f"{plain(outcome.raw_value)} (as sent)"
        case r.FailedMeasurement():
            return f"no value ({kind(outcome.of).lower()})"
        case _:
            return "no value"


def _glucose(outcome: r.Glucose | r.ControlSolution) -> str:
    if outcome.value is not None:
        return f"{plain(outcome.value)} {unit_name(outcome.unit)}"
    return "HIGH" if "above_range" in outcome.flags else "LOW"


def aside(outcome: r.Outcome) -> str:
    """What the device said beside the main value: pulse, meal."""
    parts = []
    pulse = getattr(outcome, "pulse_bpm", None)
    if isinstance(pulse, Decimal):
        parts.append(f"pulse {plain(pulse)}/min")
    meal = getattr(outcome, "meal", None)
    if isinstance(meal, str):
        parts.append(meal.replace("_", " "))
    return ", ".join(parts)


def flags(outcome: r.Outcome) -> list[str]:
    """The device's flags in words."""
    given: tuple[str, ...] = getattr(outcome, "flags", ())
    return [_FLAGS.get(flag, flag.replace("_", " ")) for flag in given]


def clock_note(seen: Seen, zone: str) -> str:
    """How far the time of measurement can be trusted, and why."""
    parts = []
    if seen.measured_at_ms is None:
        parts.append("time of measurement unknown")
    elif seen.local_day is None:
        parts.append("time too uncertain to name the day")
    elif seen.uncertainty_ms is not None and seen.uncertainty_ms >= 2 * _WORTH_SAYING_MS:
        parts.append(f"± {duration(seen.uncertainty_ms // 1000)}")
    if not seen.frame.received.synchronised:
        parts.append("hub clock was not synchronised")
    parts.extend(_device_clock(seen, zone))
    return "; ".join(parts) or "✓ clocks agree"


def _device_clock(seen: Seen, zone: str) -> list[str]:
    """The device's clock against the hub's, in the patient's zone."""
    clock = seen.frame.clock
    if clock is None:
        return []
    if clock.device_time is None:
        return ["device clock was not set"]
    shown = local(clock.wall_ms, zone).replace(tzinfo=None)
    error = round((clock.device_time.replace(tzinfo=None) - shown).total_seconds())
    if abs(error) * 1000 < _WORTH_SAYING_MS:
        return []
    direction = "fast" if error > 0 else "slow"
    corrected = ", set right by the hub" if clock.written else ""
    return [f"device clock {duration(abs(error))} {direction}{corrected}"]


def unit_name(unit: str) -> str:
    """The unit as people write it; UCUM codes are for machines."""
    return _UNITS.get(unit, unit)


def moment(at_ms: int | None, zone: str) -> str:
    """Date and time in the patient's zone."""
    if at_ms is None:
        return "unknown"
    return f"{local(at_ms, zone):%a %d %b %Y, %H:%M}"


def short_moment(at_ms: int | None, zone: str) -> str:
    """The same without the year."""
    return "unknown" if at_ms is None else f"{local(at_ms, zone):%d %b, %H:%M}"


def short_moment_seconds(at_ms: int, zone: str) -> str:
    """To the second, for receipts."""
    return f"{local(at_ms, zone):%d %b, %H:%M:%S}"


def clock_time(at_ms: int, zone: str) -> str:
    """What a clock on the patient's wall shows."""
    return f"{local(at_ms, zone):%H:%M}"


def input_moment(at_ms: int, zone: str) -> str:
    """As a date-and-time field of a form wants it."""
    return f"{local(at_ms, zone):%Y-%m-%dT%H:%M:%S}"


def input_start_of_day(at_ms: int, zone: str) -> str:
    """Midnight of that date: an assignment holds whole days."""
    return f"{local(at_ms, zone):%Y-%m-%dT00:00}"


def zone_short(at_ms: int, zone: str) -> str:
    """MST."""
    return f"{local(at_ms, zone):%Z}"


def zone_name(at_ms: int, zone: str) -> str:
    """The zone as people know it: MST (America/Denver)."""
    return f"{local(at_ms, zone):%Z} ({zone})"


def day(value: date | None) -> str:
    """A date."""
    return "unknown" if value is None else f"{value:%d %b %Y}"


def duration(seconds: int) -> str:
    """Seconds in the largest units that say enough."""
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        rest = f" {seconds % 60} s" if seconds < 600 and seconds % 60 else ""
        return f"{seconds // 60} min{rest}"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86_400} days"


def stopwatch(seconds: int) -> str:
    """A running clock: 4:07, 1:04:07."""
    text = str(timedelta(seconds=seconds))
    return text[2:].removeprefix("0") if text.startswith("0:") else text


def minutes(seconds: int) -> int:
    """Full minutes: 19 min 59 s is not 20."""
    return seconds // 60


def plural(count: int, noun: str) -> str:
    """1 reading, 2 readings."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


FILTERS: dict[str, Callable[..., Any]] = {
    "kind": kind,
    "value": value,
    "aside": aside,
    "flags": flags,
    "clock_note": clock_note,
    "moment": moment,
    "short_moment": short_moment,
    "short_moment_seconds": short_moment_seconds,
    "clock_time": clock_time,
    "input_moment": input_moment,
    "input_start_of_day": input_start_of_day,
    "zone_short": zone_short,
    "zone_name": zone_name,
    "day": day,
    "duration": duration,
    "stopwatch": stopwatch,
    "minutes": minutes,
    "plural": plural,
    "fact_words": fact_words,
}
