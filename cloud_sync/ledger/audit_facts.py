"""A practice's facts for the self-audit: a few set-based questions, however many patients."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, exists, func, select

from cloud_sync.ledger import practice_settings, sealing
from cloud_sync.ledger.audit_files import in_force, patient_files
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.devices import PATIENT_KINDS
from cloud_sync.ledger.local_time import local, midnight_ms
from cloud_sync.ledger.people import everyone
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    care_time,
    device,
    device_detail,
    month_snapshot,
    observation,
)
from cloud_sync.rules import shape
from cloud_sync.rules.audit.practice import (
    DeviceMonth,
    DeviceUnit,
    LentDevice,
    Practice,
    WorkedTime,
)
from cloud_sync.rules.calendar import ONE_DAY, Span, month_named, month_of

DEVICE_CODES = frozenset({"99454", "99445"})
MOST_MONTHS = 24
_DEFAULT_LATE_HOURS = shape.Settings().late_entry_hours
_DAY_MS = 86_400_000


class _Line(msgspec.Struct):
    code: str
    units: int


class _Lines(msgspec.Struct):
    lines: list[_Line]


class _Body(msgspec.Struct):
    """Of a snapshot's body only this; the rest is not even built."""

    determination: _Lines


class _Known(NamedTuple):
    """What a device is known to be."""

    label: str
    fda_defined: bool
    automatic: bool
    test: bool


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Every month from the first to the last; ValueError where that is not 1 to 24 months."""
    day, end = month_named(first).first, month_named(last).last
    found: list[str] = []
    while day <= end and len(found) <= MOST_MONTHS:
        found.append(f"{day:%Y-%m}")
        day = month_of(day).last + ONE_DAY
    if not 1 <= len(found) <= MOST_MONTHS:
        raise ValueError(f"choose 1 to {MOST_MONTHS} months, the first before the last")
    return tuple(found)


def practice_facts(db: Connection, months: tuple[str, ...], zone: str, at_ms: int) -> Practice:
    """The facts of these months as they stand now; the zone is the practice's own."""
    sealing.prepare_patients(db)
    zones = {one.id: one.zone for one in everyone(db)}
    span = Span(first=month_named(months[0]).first, last=month_named(months[-1]).last)
    settings = practice_settings.in_force(db, at_ms)
    known = _devices(db, span.last)
    return Practice(
        months=months,
        zone=ZoneInfo(zone),
        late_entry_hours=settings.get("late_entry_hours", _DEFAULT_LATE_HOURS),
        patients={one.id: one for one in patient_files(db, zones, at_ms)},
        time=tuple(_time(db, span, zones)),
        device_months=tuple(_device_months(db, span, known)),
        lent=tuple(_lent(db, span, zones, known)),
        units=tuple(_units(db, months)),
    )


def _time(db: Connection, span: Span, zones: Mapping[str, str]) -> Iterator[WorkedTime]:
    """A day's margin on both sides is cut by each patient's own zone."""
    rows = db.execute(
        select(
            care_time.c.id,
            care_time.c.patient_id,
            care_time.c.staff_id,
            care_time.c.program,
            care_time.c.start_ms,
            care_time.c.end_ms,
            care_time.c.entered_at_ms,
            care_time.c.measured,
            care_time.c.note,
            care_time.c.patients,
        )
        .where(
            care_time.c.start_ms >= midnight_ms(span.first, "UTC") - _DAY_MS,
            care_time.c.start_ms < midnight_ms(span.last, "UTC") + 2 * _DAY_MS,
            *in_force(),
        )
        .order_by(care_time.c.start_ms, care_time.c.id)
    )
    homes = {name: ZoneInfo(name) for name in set(zones.values())}
    for key, patient_id, staff_id, program, start_ms, end_ms, entered_ms, *rest in rows:
        start = _instant(start_ms)
        on = start.astimezone(homes[zones[patient_id]]).date()
        measured, note, patients = rest
        if on in span and not is_erased(note):
            yield WorkedTime(
                id=key,
                patient_id=patient_id,
                staff_id=staff_id,
                program=program,
                start=start,
                end=_instant(end_ms),
                on=on,
                entered_at=_instant(entered_ms),
                measured=measured,
                note=note,
                patients=patients,
            )


def _devices(db: Connection, day: date) -> dict[str, _Known]:
    """What each device is known to be on that date, by id."""
    found = {
        row.id: _Known(row.label, row.fda_defined, row.automatic, row.test)
        for row in db.execute(select(device))
    }
    details = db.execute(
        select(device_detail)
        .where(device_detail.c.effective_from <= day)
        .order_by(
            device_detail.c.effective_from, device_detail.c.recorded_at_ms, device_detail.c.id
        )
    )
    for one in details:  # in the order in which they take effect
        found[one.device_id] = _Known(one.label, one.fda_defined, one.automatic, one.test)
    return found


def _device_months(
    db: Connection, span: Span, known: Mapping[str, _Known]
) -> Iterator[DeviceMonth]:
    """Days and devices of each calendar month, of devices whose readings may count."""
    month = func.extract("year", observation.c.local_day) * 100 + func.extract(
        "month", observation.c.local_day
    )
    rows = db.execute(
        select(
            observation.c.patient_id,
            month.label("month"),
            func.count(observation.c.local_day.distinct()).label("days"),
            func.count(observation.c.device_id.distinct()).label("devices"),
        )
        .where(
            observation.c.patient_id.is_not(None),
            observation.c.local_day.between(span.first, span.last),
            observation.c.kind.in_(PATIENT_KINDS),
            observation.c.device_id.not_in(
                [
                    key
                    for key, one in known.items()
                    if one.test or not (one.automatic and one.fda_defined)
                ]
            ),
        )
        .group_by(observation.c.patient_id, month)
        .order_by(observation.c.patient_id, month)
    )
    for row in rows:
        year, number = divmod(int(row.month), 100)
        yield DeviceMonth(
            patient_id=row.patient_id,
            month=f"{year:04}-{number:02}",
            days=row.days,
            devices=row.devices,
        )


def _lent(
    db: Connection, span: Span, zones: Mapping[str, str], known: Mapping[str, _Known]
) -> Iterator[LentDevice]:
    counted = {
        (row.patient_id, row.device_id): row.readings
        for row in db.execute(
            select(
                observation.c.patient_id,
                observation.c.device_id,
                func.count().label("readings"),
            )
            .where(
                observation.c.patient_id.is_not(None),
                observation.c.local_day.between(span.first, span.last),
                observation.c.kind.in_(PATIENT_KINDS),
            )
            .group_by(observation.c.patient_id, observation.c.device_id)
        )
    }
    rows = db.execute(
        select(
            assignment.c.patient_id,
            assignment.c.assigned_from_ms,
            assignment_end.c.assigned_to_ms,
            assignment.c.device_id,
        )
        .outerjoin(assignment_end, assignment_end.c.assignment_id == assignment.c.id)
        .order_by(assignment.c.assigned_from_ms, assignment.c.id)
    )
    for row in rows:
        zone = zones[row.patient_id]
        first = local(row.assigned_from_ms, zone).date()
        # The end is the first instant at which it is the patient's no more.
        last = local(row.assigned_to_ms - 1, zone).date() if row.assigned_to_ms else span.last
        if first <= span.last and last >= span.first:
            yield LentDevice(
                patient_id=row.patient_id,
                device_id=row.device_id,
                label=known[row.device_id].label,
                held=Span(first=max(first, span.first), last=min(last, span.last)),
                fda_defined=known[row.device_id].fda_defined,
                automatic=known[row.device_id].automatic,
                test=known[row.device_id].test,
                # Lent twice, counted once: the first assignment takes the readings of both.
                readings=counted.pop((row.patient_id, row.device_id), 0),
            )


def _units(db: Connection, months: tuple[str, ...]) -> Iterator[DeviceUnit]:
    """Device codes of the newest version of each closed month."""
    later = month_snapshot.alias("later_version")
    superseded = exists().where(
        later.c.patient_id == month_snapshot.c.patient_id,
        later.c.month == month_snapshot.c.month,
        later.c.version > month_snapshot.c.version,
    )
    read = msgspec.json.Decoder(_Body)
    rows = db.execute(
        select(month_snapshot.c.patient_id, month_snapshot.c.month, month_snapshot.c.body).where(
            month_snapshot.c.month.in_(months), ~superseded
        ),
        execution_options={"yield_per": 500},
    )
    for row in rows:
        if not row.body.startswith("{"):
            continue  # its content was erased under retention
        for line in read.decode(row.body).determination.lines:
            if line.code in DEVICE_CODES:
                yield DeviceUnit(
                    patient_id=row.patient_id, month=row.month, code=line.code, units=line.units
                )


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
