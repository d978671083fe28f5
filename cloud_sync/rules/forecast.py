"""What can still be reached, and by when: the running period and month, told in plain words.

Pure: the facts of the case, and what is known of the hub's contact with the clinic.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from cloud_sync.rules.calendar import ONE_DAY, Span, local_date, midnight, month_of
from cloud_sync.rules.counts import Counts
from cloud_sync.rules.shape import BilledProgram

Why = Literal["left_out", "hub_offline", "no_reading", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Contact:
    """What the clinic knows of the patient's hubs.

    `complete_to`: whatever was measured before it has reached the clinic; None where nothing is
    known. `outages`: from when to when a hub held something it could not deliver.
    """

    complete_to: datetime | None = None
    outages: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A code not reached yet: `more` days or minutes are needed by `last`.

    `start_by` is the last day on which one reading a day from then on still suffices; None where
    it is out of reach, or where minutes are counted.
    """

    code: str
    need: int
    more: int
    last: date
    reachable: bool
    start_by: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayForecast:
    """The running period: days so far, days without one that counts and why, what is left."""

    span: Span
    have: int
    missed: dict[Why, int] = field(default_factory=dict)
    may_arrive: int  # of the missed days, those whose readings may still be on the hub
    receive_by: date  # a reading of the last day must be at the clinic by then
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeForecast:
    """The running month of one program."""

    program: BilledProgram
    last: date
    have: int
    contact_missing: bool
    steps: tuple[Step, ...]


def day_forecast(counts: Counts, span: Span, contact: Contact) -> DayForecast | None:
    """For the period of today; None where no rule set is known for it."""
    table = counts.book.rpm_on(span.last)
    if table is None:
        return None
    case = counts.case
    today = local_date(case.as_of, case.zone)
    counting = {day for p in counts.days.periods if p.span == span for day in p.days}
    past = _days(span.first, min(today - ONE_DAY, span.last))
    missed = {day: _why(counts, day, contact) for day in past if day not in counting}
    ahead = [day for day in _days(max(today, span.first), span.last) if day not in counting]
    waiting = sum(_undelivered(counts, day, contact) for day in missed)
    have = len(counting)
    by_receipt = case.settings.day_rule == "received"
    late = 0 if by_receipt else case.settings.late_receipt_days
    return DayForecast(
        span=span,
        have=have,
        missed={
            why: sum(one == why for one in missed.values()) for why in sorted(set(missed.values()))
        },
        may_arrive=waiting,
        receive_by=span.last + late * ONE_DAY,
        steps=tuple(
            _day_step(tier.code, tier.days_from, have, ahead=ahead, waiting=waiting, span=span)
            for tier in table.device
            if have < tier.days_from
        ),
    )


def time_forecast(counts: Counts, program: BilledProgram) -> TimeForecast:
    """For the month of today: the next thresholds, and the live contact where one is asked."""
    case = counts.case
    span = month_of(local_date(case.as_of, case.zone))
    have = int(counts.time.seconds(program, span)) // 60
    rpm = counts.book.rpm_on(span.last)
    needs = _rpm_needs(counts, span) if program == "RPM" else _ccm_needs(counts, span)
    live = rpm is not None and any(
        one.interactive and one.mode in rpm.live_modes
        for one in counts.time.counting(program, span)
    )
    return TimeForecast(
        program=program,
        last=span.last,
        have=have,
        contact_missing=program == "RPM" and case.settings.rpm_contact_required and not live,
        steps=tuple(
            Step(code=code, need=need, more=need - have, last=span.last, reachable=True)
            for code, need in needs
            if have < need
        ),
    )


def sentences(days: DayForecast | None, time: tuple[TimeForecast, ...]) -> Iterator[str]:
    """The forecast for staff, one fact a sentence."""
    if days is not None:
        yield from _day_sentences(days)
    for one in time:
        if one.have or one.contact_missing or one.program == "RPM":
            yield from _time_sentences(one)


def _day_sentences(found: DayForecast) -> Iterator[str]:
    yield _in_short(found)
    yield f"The period runs from {_on(found.span.first)} to {_on(found.span.last)}."
    for step in found.steps:
        if not step.reachable:
            yield f"{step.code} can no longer be reached: {step.more} more days are needed."
        elif step.start_by is None:
            yield (
                f"{step.code} needs {step.more} more by {_on(step.last)}; only readings that "
                "still wait on the hub can bring them."
            )
        else:
            yield (
                f"{step.code} needs {step.more} more by {_on(step.last)}: one reading a day, from "
                f"{_on(step.start_by)} at the latest."
            )
    if found.steps and found.receive_by > found.span.last:
        yield f"Readings must reach the clinic by {_on(found.receive_by)}."
    yield from _missed(found)


def _in_short(found: DayForecast) -> str:
    """12 days so far; 4 more by 30 January; the hub was offline on 3 days, ..."""
    parts = [f"{_many(found.have, 'day')} so far"]
    step = next((one for one in found.steps if one.reachable), None)
    if step is not None:
        parts.append(f"{step.more} more by {_on(step.last)}")
    offline, untaken = found.missed.get("hub_offline", 0), found.missed.get("no_reading", 0)
    why = [f"the hub was offline on {_many(offline, 'day')}"] if offline else []
    if untaken:
        why.append(f"no reading was taken on {untaken if offline else _many(untaken, 'day')}")
    return "; ".join([*parts, ", ".join(why)] if why else parts) + "."


def _missed(found: DayForecast) -> Iterator[str]:
    """What the first sentence leaves out."""
    words: dict[Why, str] = {
        "left_out": "On {} there were readings, but none that counts.",
        "unknown": "Why there is nothing on {} is not known.",
    }
    for why, sentence in words.items():
        if found.missed.get(why):
            yield sentence.format(_many(found.missed[why], "day"))
    if found.may_arrive:
        yield f"Readings of {_many(found.may_arrive, 'day')} may still be on the hub."


def _time_sentences(found: TimeForecast) -> Iterator[str]:
    yield f"{found.program}: {_many(found.have, 'minute')} so far this month."
    for step in found.steps[:1]:
        yield f"{step.code} needs {step.more} more by {_on(step.last)}."
    if found.contact_missing:
        yield f"A live conversation with the patient is still needed by {_on(found.last)}."


def _why(counts: Counts, day: date, contact: Contact) -> Why:
    if any(one.on == day for one in counts.days.readings):
        return "left_out"
    start = midnight(day, counts.case.zone)
    end = midnight(day + ONE_DAY, counts.case.zone)
    # Offline: the whole local date lies in one stretch without delivery, known from both ends or
    # still going on. A shorter break keeps nobody's reading of that date from arriving.
    if any(since <= start and end <= until for since, until in contact.outages):
        return "hub_offline"
    if contact.complete_to is None:
        return "unknown"
    return "no_reading" if end <= contact.complete_to else "unknown"


def _undelivered(counts: Counts, day: date, contact: Contact) -> bool:
    end = midnight(day + ONE_DAY, counts.case.zone)
    return contact.complete_to is not None and contact.complete_to < end


def _day_step(  # noqa: PLR0913 - what one threshold is measured against
    code: str, need: int, have: int, *, ahead: list[date], waiting: int, span: Span
) -> Step:
    more = need - have
    return Step(
        code=code,
        need=need,
        more=more,
        last=span.last,
        reachable=more <= len(ahead) + waiting,
        start_by=ahead[-more] if more <= len(ahead) else None,
    )


def _rpm_needs(counts: Counts, span: Span) -> Iterator[tuple[str, int]]:
    table = counts.book.rpm_on(span.last)
    for tier in table.time if table else ():
        yield tier.code, tier.minutes_from


def _ccm_needs(counts: Counts, span: Span) -> Iterator[tuple[str, int]]:
    """The base of the family that clinical staff's minutes lead to."""
    table = counts.book.ccm_on(span.last)
    for lane in table.lane if table else ():
        if lane.name == "staff":
            yield lane.base, lane.minutes_from


def _days(first: date, last: date) -> list[date]:
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]


def _on(day: date) -> str:
    return f"{day.day} {day:%B}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
