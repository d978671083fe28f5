"""The geometry of a patient's charts: from readings to points on paper. The template draws."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cloud_sync.contract import readings as r
from cloud_sync.ledger.local_time import local, midnight_ms
from cloud_sync.ledger.readings import Seen
from cloud_sync.web import words

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 28
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200)
_DATE_LABELS = 6


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One reading on the chart; `low` is None where there is one value only."""

    x: float
    high: float
    low: float | None
    text: str
    flagged: bool


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A labelled position on an axis."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Everything the template needs to draw one chart and to say it in words."""

    id: str
    title: str
    description: str
    unit: str
    paired: bool
    marks: tuple[Mark, ...]
    line: str
    values: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True, kw_only=True)
class _Point:
    seen: Seen
    high: Decimal
    low: Decimal | None


def charts(readings: Sequence[Seen], zone: str, first: date, last: date) -> list[Chart]:
    """A chart for each kind and unit that occurs; units are never mixed or converted."""
    groups: dict[tuple[str, str], list[_Point]] = defaultdict(list)
    for seen in readings:
        found = _numbers(seen.outcome)
        inside = first <= local(seen.at_ms, zone).date() <= last
        if found is not None and inside:
            unit, high, low = found
            groups[seen.kind, unit].append(_Point(seen=seen, high=high, low=low))
    return [
        _chart(kind, unit, sorted(points, key=lambda p: p.seen.at_ms), zone, (first, last))
        for (kind, unit), points in sorted(groups.items())
    ]


def _numbers(outcome: r.Outcome) -> tuple[str, Decimal, Decimal | None] | None:
    match outcome:
        case r.BloodPressure():
            return outcome.unit, outcome.systolic, outcome.diastolic
        case r.Glucose() if outcome.value is not None:
            return outcome.unit, outcome.value, None
        case r.PulseOximetry():
            return outcome.unit, outcome.spo2, None
        case r.Weight() | r.Temperature():
            return outcome.unit, outcome.value, None
        case _:
            return None


def _chart(kind: str, unit: str, points: list[_Point], zone: str, days: tuple[date, date]) -> Chart:
    begin, end = midnight_ms(days[0], zone), midnight_ms(days[1] + timedelta(days=1), zone)
    scale = _scale([p.high for p in points] + [p.low for p in points if p.low is not None])

    def x(at_ms: int) -> float:
        return round(_LEFT + (at_ms - begin) / (end - begin) * (WIDTH - _LEFT - _RIGHT), 1)

    def y(number: Decimal) -> float:
        part = (number - scale[0]) / (scale[-1] - scale[0])
        return round(HEIGHT - _BOTTOM - float(part) * (HEIGHT - _TOP - _BOTTOM), 1)

    marks = tuple(
        Mark(
            x=x(p.seen.at_ms),
            high=y(p.high),
            low=None if p.low is None else y(p.low),
            text=f"{words.moment(p.seen.at_ms, zone)}: {words.value(p.seen.outcome)}",
            flagged=bool(words.flags(p.seen.outcome)),
        )
        for p in points
    )
    count = (days[1] - days[0]).days + 1
    stride = max(1, round(count / _DATE_LABELS))
    labelled = [days[0] + timedelta(days=n) for n in range(0, count, stride)]
    return Chart(
        id=f"chart-{kind.replace('_', '-')}-{len(unit)}-{sum(unit.encode())}",
        title=f"{words.kind(kind)}, {words.unit_name(unit)}",
        description=_description(points, zone),
        unit=unit,
        paired=points[0].low is not None,
        marks=marks,
        line=" ".join(f"{m.x},{m.high}" for m in marks),
        values=tuple(Tick(at=y(number), text=f"{number}") for number in scale),
        dates=tuple(Tick(at=x(midnight_ms(d, zone)), text=f"{d:%d %b}") for d in labelled),
    )


def _scale(numbers: list[Decimal]) -> list[Decimal]:
    """Three to seven round numbers that hold all values."""
    low, high = min(numbers), max(numbers)
    span = max(high - low, Decimal(4))
    step = Decimal(next((s for s in _STEPS if span / s <= 5), _STEPS[-1]))
    start = (low // step) * step
    ticks = [start]
    while ticks[-1] < high or len(ticks) < 3:
        ticks.append(ticks[-1] + step)
    return ticks


def _description(points: list[_Point], zone: str) -> str:
    first, last = points[0].seen, points[-1].seen
    highs = [p.high for p in points]
    lows = [p.low for p in points if p.low is not None]
    name = "systolic" if lows else "values"
    text = (
        f"{words.plural(len(points), 'reading')} from {words.moment(first.at_ms, zone)} to"
        f" {words.moment(last.at_ms, zone)}; {name} {min(highs)} to {max(highs)}"
    )
    return f"{text}, diastolic {min(lows)} to {max(lows)}." if lows else f"{text}."
