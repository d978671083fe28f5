"""Reads a case file into facts: shorthands expanded, what is not known yet left out.

A file that cannot be read is a `Problem` that names the key, never an exception.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from cloud_sync.rules import shape
from cloud_sync.rules.calendar import (
    Span,
    first_weekday,
    local_date,
    local_instant,
    month_named,
)
from cloud_sync.rules.defaults import supplied
from cloud_sync.rules.facts import Case, Claim, Entry, Episode, Reading

YEARS = range(1900, 2200)  # what lies beyond is a slip, and would overflow a date's arithmetic
READING_HOUR = 8  # where the shorthand for reading days begins
ENTRY_HOUR = 9  # where the shorthand for minutes begins; nothing overlaps it


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a case file cannot be read: the key's path and a sentence."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class _UnreadableError(Exception):
    """Carries a problem out of the depths of a document; never leaves this module."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(path=path, message=message)


def read(document: Mapping[str, object]) -> Case | Problem:
    """The facts of a case file, or the first problem that keeps it from being read."""
    try:
        file = msgspec.convert(document, shape.CaseFile)
        _check(file)
        return _joined(file)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        return Problem(path=path.strip("`").removeprefix("$.") or "case", message=message)
    except _UnreadableError as error:
        return error.problem


def _joined(file: shape.CaseFile) -> Case:
    zone = _zone(file.settings.time_zone)
    as_of = file.as_of.astimezone(UTC)
    readings = tuple(
        sorted(
            (found for found in _readings(file, zone) if found.received_at <= as_of),
            key=lambda found: (found.measured_at, found.received_at, found.device),
        )
    )
    entries = tuple(
        sorted(
            (found for found in _entries(file, zone) if found.entered_at <= as_of),
            key=lambda found: (found.start, found.end, found.program, found.staff),
        )
    )
    case = Case(
        id=file.id,
        as_of=as_of,
        zone=zone,
        period_start=_period_start(file.settings.period_start),
        settings=file.settings,
        payer=file.patient.payer or None,
        established_on=file.patient.established_on or None,
        conditions=file.patient.conditions or (),
        consents=file.consents or (),
        orders=file.orders or (),
        visits=file.initiating_visits or (),
        care_plans=file.care_plans or (),
        decision_making=file.decision_making,
        lane_choices={month_named(one.month): one.lane for one in file.lane_choices},
        rpm_episodes=_episodes(file, "RPM"),
        ccm_episodes=_episodes(file, "CCM"),
        devices=file.devices or (),
        readings=readings,
        entries=entries,
        roles=_roles(file),
        stays=tuple(Span(first=stay.first, last=stay.last) for stay in file.stays),
        claims=tuple(_claim(found) for found in file.other_claims),
    )
    return supplied(case, file) if file.defaults else case


def _readings(file: shape.CaseFile, zone: ZoneInfo) -> Iterator[Reading]:
    for found in file.readings:
        yield _reading(found, zone)
    for number, days in enumerate(file.reading_days):
        late = _received(days.received, f"reading_days[{number}].received")
        for day in days.dates:
            first = local_instant(day, READING_HOUR, zone)
            for minute in range(days.per_day):
                at = first + timedelta(minutes=minute)
                yield _reading(
                    shape.ReadingEntry(
                        device=days.device, measured_at=at, received_at=late, source=days.source
                    ),
                    zone,
                )


def _reading(found: shape.ReadingEntry, zone: ZoneInfo) -> Reading:
    received_at = found.received_at or found.measured_at
    return Reading(
        device=found.device,
        measured_at=found.measured_at.astimezone(UTC),
        received_at=received_at.astimezone(UTC),
        measured_on=local_date(found.measured_at, zone),
        received_on=local_date(received_at, zone),
        automatic=found.source == "automatic",
        measurement=found.result == "measurement",
    )


def _entries(file: shape.CaseFile, zone: ZoneInfo) -> Iterator[Entry]:
    for found in file.time:
        yield Entry(
            program=found.program,
            start=found.start.astimezone(UTC),
            end=found.end.astimezone(UTC),
            staff=found.staff,
            note=found.note,
            interactive=found.interactive,
            mode=found.mode or ("phone" if found.interactive else "none"),
            entered_at=(found.entered_at or found.end).astimezone(UTC),
            patients=found.patients,
            other_patient=found.other_patient,
        )
    for short in file.minutes:
        start = local_instant(first_weekday(month_named(short.month)), ENTRY_HOUR, zone)
        yield Entry(
            program=short.program,
            start=start,
            end=start + timedelta(minutes=short.minutes, seconds=short.seconds),
            staff=short.staff,
            note=None,
            interactive=short.interactive,
            mode="phone" if short.interactive else "none",
            entered_at=start,
            apart=True,
        )


def _roles(file: shape.CaseFile) -> dict[str, shape.Role]:
    roles: dict[str, shape.Role] = {"S1": "clinical_staff", shape.BILLING: "practitioner"}
    for member in file.staff:
        roles[member.id] = member.role
    return roles


def _episodes(file: shape.CaseFile, program: shape.BilledProgram) -> tuple[Episode, ...]:
    found = (
        Episode(start=one.start, end=one.end, set_up_on=one.set_up_on, educated_on=one.educated_on)
        for one in file.episodes or ()
        if one.program == program
    )
    return tuple(sorted(found, key=lambda one: one.start))


def _claim(found: shape.OtherClaim) -> Claim:
    if found.on is not None:
        days = Span(first=found.on, last=found.on)
    else:
        assert found.month is not None, "checked before"
        days = month_named(found.month)
    return Claim(code=found.code, days=days, practitioner=found.practitioner)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        message = f"{name!r} is no time zone; write an IANA name such as America/Denver"
        raise _UnreadableError("settings.time_zone", message) from error


def _period_start(text: str) -> date | Literal["first_reading", "calendar_month"]:
    if text == "first_reading":
        return "first_reading"
    if text == "calendar_month":
        return "calendar_month"
    try:
        return msgspec.convert(text, date)
    except msgspec.ValidationError as error:
        message = "write first_reading, calendar_month or a date"
        raise _UnreadableError("settings.period_start", message) from error


def _received(text: str, path: str) -> datetime | None:
    if text == "same_day":
        return None
    try:
        received = msgspec.convert(text, shape.Instant)
    except msgspec.ValidationError as error:
        raise _UnreadableError(path, "write same_day or an instant with an offset") from error
    _check_year(received, path)
    return received


def _check(file: shape.CaseFile) -> None:
    """What a shape cannot say: orders of dates, and years that are a slip."""
    for path, value in _dated(file):
        _check_year(value, path)
    for number, entry in enumerate(file.time):
        if entry.end < entry.start:
            message = "an entry cannot end before it starts"
            raise _UnreadableError(f"time[{number}].end", message)
    for number, stay in enumerate(file.stays):
        if stay.last < stay.first:
            raise _UnreadableError(f"stays[{number}].to", "a stay cannot end before it starts")
    for number, claim in enumerate(file.other_claims):
        if (claim.month is None) == (claim.on is None):
            raise _UnreadableError(f"other_claims[{number}]", "give either month or on")


def _dated(file: shape.CaseFile) -> Iterator[tuple[str, date | datetime | None]]:
    """Every date and instant that arithmetic is done with, and where it stands."""
    yield "as_of", file.as_of
    for number, reading in enumerate(file.readings):
        yield f"readings[{number}].measured_at", reading.measured_at
        yield f"readings[{number}].received_at", reading.received_at
    for number, days in enumerate(file.reading_days):
        for place, day in enumerate(days.dates):
            yield f"reading_days[{number}].dates[{place}]", day
    for number, entry in enumerate(file.time):
        yield f"time[{number}].start", entry.start
        yield f"time[{number}].end", entry.end
        yield f"time[{number}].entered_at", entry.entered_at
    for number, episode in enumerate(file.episodes or ()):
        yield f"episodes[{number}].start", episode.start
        yield f"episodes[{number}].end", episode.end


def _check_year(value: date | datetime | None, path: str) -> None:
    if value is not None and value.year not in YEARS:
        message = f"the year lies outside {YEARS.start} to {YEARS.stop - 1}"
        raise _UnreadableError(path, message)
