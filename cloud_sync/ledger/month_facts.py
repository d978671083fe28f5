"""A patient's month as the rules see it: the spans that end in it, and what they rest on."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger.billing import billing_practitioner
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.local_time import midnight_ms
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.tables import care_time, observation
from cloud_sync.rules.calendar import ONE_DAY, Span, month_named
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted
from cloud_sync.rules.determination import findings, of_month, plain
from cloud_sync.rules.tables import BUNDLED

_NEVER = "9999-12-31"  # later than every date that is compared with it


def month_facts(db: Connection, patient: Patient, month: str, as_of_ms: int) -> dict[str, Any]:
    """What a snapshot holds; the same facts and instant give the same value.

    Settings are those in force when the month ended, whenever the question is asked.
    """
    span = month_named(month)
    case_file = case_of_month(db, patient, month, as_of_ms)
    case = read(case_file)
    assert not isinstance(case, Problem), f"the ledger made an unreadable case: {case.path}"
    counts = counted(case, BUNDLED)
    ending = [p.span for p in counts.days.periods if p.span.last in span]
    window = Span(first=min([span.first, *(one.first for one in ending)]), last=span.last)
    found = plain(case, of_month(findings(case), span))
    by_receipt = case.settings.day_rule == "received"
    readings = _readings(db, patient, window, as_of_ms, by_receipt=by_receipt)
    time = _time(db, patient, window, as_of_ms)
    return {
        "v": 1,
        "patient": patient.id,
        "month": month,
        "zone": patient.zone,
        "as_of_ms": as_of_ms,
        "window": _plain(window),
        "settings": msgspec.to_builtins(case.settings),
        "billing_practitioner": billing_practitioner(db, patient.id, as_of_ms),
        "rule_sets": found["rule_sets"],
        "determination": found,
        "days": [_period(counts, one) for one in ending],
        "devices": list(_devices(case_file, window)),
        "seconds": {p: int(counts.time.seconds(p, span)) for p in ("RPM", "CCM")},
        "readings": readings,
        "readings_sha256": digest_of(readings),
        "time": time,
        "time_sha256": digest_of(time),
        "case_sha256": hashlib.sha256(canonical(case_file)).hexdigest(),
    }


def case_of_month(db: Connection, patient: Patient, month: str, as_of_ms: int) -> dict[str, Any]:
    """The case file that a month is judged by."""
    end_ms = midnight_ms(month_named(month).last + ONE_DAY, patient.zone)
    return build_case(db, patient.id, as_of_ms, settings_at_ms=min(as_of_ms, end_ms - 1))


def digest_of(ids: Iterable[str]) -> str:
    """SHA-256 over the ids, one a line."""
    return hashlib.sha256("".join(f"{one}\n" for one in ids).encode()).hexdigest()


def _period(counts: Counts, span: Span) -> dict[str, Any]:
    found = (period.days for period in counts.days.periods if period.span == span)
    days = {day for each in found for day in each}
    return {**_plain(span), "dates": [day.isoformat() for day in sorted(days)]}


def _devices(case_file: dict[str, Any], window: Span) -> Iterator[dict[str, Any]]:
    """What each device was in the window; what lies outside it changes nothing here.

    The case file has an assignment's stretches newest first, all from its first date on.
    """
    begun: dict[tuple[str, str], str] = {}
    for one in reversed(case_file["devices"]):
        key = one["id"], one["assigned_from"]
        start, until = begun.get(key, one["assigned_from"]), one["assigned_to"] or _NEVER
        if until != _NEVER:
            begun[key] = (date.fromisoformat(until) + ONE_DAY).isoformat()
        first = max(start, window.first.isoformat())
        last = min(until, window.last.isoformat())
        if first <= last:
            yield {**one, "assigned_from": first, "assigned_to": last}


def _plain(span: Span) -> dict[str, str]:
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}


def _readings(
    db: Connection, patient: Patient, window: Span, as_of_ms: int, *, by_receipt: bool
) -> list[str]:
    """Everything the patient's devices said on these dates, whether it counts or not."""
    on_date: ColumnElement[bool] = observation.c.local_day.between(window.first, window.last)
    if by_receipt:
        on_date = on_date | observation.c.committed_at_ms.between(
            midnight_ms(window.first, patient.zone),
            midnight_ms(window.last + ONE_DAY, patient.zone) - 1,
        )
    rows = db.execute(
        select(observation.c.id)
        .where(
            observation.c.patient_id == patient.id,
            on_date,
            observation.c.committed_at_ms <= as_of_ms,
        )
        .order_by(observation.c.measured_at_ms, observation.c.id)
    ).scalars()
    return [bytes(one).hex() for one in rows]


def _time(db: Connection, patient: Patient, window: Span, as_of_ms: int) -> list[str]:
    """Every entry that touches these dates, corrected ones too: the correction must show."""
    rows = db.execute(
        select(care_time.c.id)
        .where(
            care_time.c.patient_id == patient.id,
            care_time.c.start_ms < midnight_ms(window.last + ONE_DAY, patient.zone),
            care_time.c.end_ms > midnight_ms(window.first, patient.zone),
            care_time.c.entered_at_ms <= as_of_ms,
        )
        .order_by(care_time.c.start_ms, care_time.c.id)
    ).scalars()
    return list(rows)
