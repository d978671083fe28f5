"""A patient's month as the rules see it: the spans that end in it, and what they rest on."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import practice_settings
from cloud_sync.ledger.case_rows import Found, KnownRows, rows_of
from cloud_sync.ledger.casefile import billing_of, case_file
from cloud_sync.ledger.local_time import midnight_ms
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.practice_settings import Change
from cloud_sync.rules.calendar import ONE_DAY, Span, month_named
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted
from cloud_sync.rules.determination import findings_of, of_month, plain
from cloud_sync.rules.tables import BUNDLED

_NEVER = "9999-12-31"  # later than every date that is compared with it


def month_facts(db: Connection, patient: Patient, month: str, as_of_ms: int) -> dict[str, Any]:
    """What a snapshot holds; the same facts and instant give the same value.

    Settings are those in force when the month ended, whenever the question is asked.
    """
    (found,) = months_facts(db, [patient], month, as_of_ms)
    return found


def months_facts(
    db: Connection, patients: Collection[Patient], month: str, as_of_ms: int
) -> Iterator[dict[str, Any]]:
    """The same for several patients, in their order: one query a kind of fact."""
    known = rows_of(db, [patient.id for patient in patients], as_of_ms)
    changes = practice_settings.history(db, as_of_ms)
    for patient in patients:
        yield _facts(known, patient, month, _settings(changes, patient, month, as_of_ms))


def case_digests(
    db: Connection, patients: Collection[Patient], month: str, as_of_ms: int
) -> dict[str, str]:
    """SHA-256 of the case file that each patient's month is judged by, as snapshots have it."""
    known = rows_of(db, [patient.id for patient in patients], as_of_ms)
    changes = practice_settings.history(db, as_of_ms)
    return {
        patient.id: hashlib.sha256(
            canonical(case_file(known, patient.id, _settings(changes, patient, month, as_of_ms)))
        ).hexdigest()
        for patient in patients
    }


def case_of_month(db: Connection, patient: Patient, month: str, as_of_ms: int) -> dict[str, Any]:
    """The case file that a month is judged by."""
    known = rows_of(db, [patient.id], as_of_ms)
    changes = practice_settings.history(db, as_of_ms)
    return case_file(known, patient.id, _settings(changes, patient, month, as_of_ms))


def _settings(
    changes: Iterable[Change], patient: Patient, month: str, as_of_ms: int
) -> dict[str, Any]:
    end_ms = midnight_ms(month_named(month).last + ONE_DAY, patient.zone)
    return practice_settings.at(changes, min(as_of_ms, end_ms - 1))


def _facts(
    known: KnownRows, patient: Patient, month: str, settings: dict[str, Any]
) -> dict[str, Any]:
    span, rows = month_named(month), known.patients[patient.id]
    document = case_file(known, patient.id, settings)
    case = read(document)
    assert not isinstance(case, Problem), f"the ledger made an unreadable case: {case.path}"
    counts = counted(case, BUNDLED)
    ending = [p.span for p in counts.days.periods if p.span.last in span]
    window = Span(first=min([span.first, *(one.first for one in ending)]), last=span.last)
    found = plain(case, of_month(findings_of(counts), span))
    by_receipt = case.settings.day_rule == "received"
    readings = _readings(rows.readings, window, patient.zone, by_receipt=by_receipt)
    time = _time(rows.time, window, patient.zone)
    return {
        "v": 1,
        "patient": patient.id,
        "month": month,
        "zone": patient.zone,
        "as_of_ms": known.as_of_ms,
        "window": _plain(window),
        "settings": msgspec.to_builtins(case.settings),
        "billing_practitioner": billing_of(known, patient.id),
        "rule_sets": found["rule_sets"],
        "determination": found,
        "days": [_period(counts, one) for one in ending],
        "devices": list(_devices(document, window)),
        "seconds": {p: int(counts.time.seconds(p, span)) for p in ("RPM", "CCM")},
        "readings": readings,
        "readings_sha256": digest_of(readings),
        "time": time,
        "time_sha256": digest_of(time),
        "case_sha256": hashlib.sha256(canonical(document)).hexdigest(),
    }


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


def _readings(rows: Found, window: Span, zone: str, *, by_receipt: bool) -> list[str]:
    """Everything the patient's devices said on these dates, whether it counts or not."""
    since_ms, until_ms = _bounds_ms(window, zone)
    return [
        row.id.hex()
        for row in rows
        if (row.local_day is not None and row.local_day in window)
        or (by_receipt and since_ms <= row.committed_at_ms < until_ms)
    ]


def _time(rows: Found, window: Span, zone: str) -> list[str]:
    """Every entry that touches these dates, corrected ones too: the correction must show."""
    since_ms, until_ms = _bounds_ms(window, zone)
    return [row.id for row in rows if row.start_ms < until_ms and row.end_ms > since_ms]


def _bounds_ms(window: Span, zone: str) -> tuple[int, int]:
    return midnight_ms(window.first, zone), midnight_ms(window.last + ONE_DAY, zone)
