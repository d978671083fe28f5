"""What is on file for every patient at once, for the self-audit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, exists, func, select

from cloud_sync.ledger import case_facts
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.devices import PATIENT_KINDS
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.staff_details import practitioners
from cloud_sync.ledger.tables import care_time, care_time_void, observation, program_fact
from cloud_sync.rules import shape
from cloud_sync.rules.audit.practice import PatientFile
from cloud_sync.rules.calendar import Span, month_named
from cloud_sync.rules.facts import Claim


def patient_files(db: Connection, zones: Mapping[str, str], at_ms: int) -> Iterator[PatientFile]:
    """One for each patient of `zones`, which maps ids to IANA names."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in db.execute(
        select(
            program_fact.c.id,
            program_fact.c.patient_id,
            program_fact.c.kind,
            program_fact.c.body,
            program_fact.c.corrects,
        ).order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    ):
        if not is_erased(row.body):
            rows[row.patient_id].append(row)
    only = practitioners(db, at_ms)
    sole = only[0] if len(only) == 1 else None
    first = _first_rpm(db, zones)
    for patient_id in zones:
        kept = rows[patient_id]
        facts = case_facts.of_rows(kept, _billing(kept) or sole)
        yield _file(patient_id, facts, first.get(patient_id))


def _billing(rows: Sequence[Any]) -> str | None:
    """Whom the patient's file names as billing, as `billing.recorded_practitioner` finds it."""
    corrected = {row.corrects for row in rows}
    named = [
        row.body
        for row in rows
        if row.kind == "billing_practitioner" and row.body != "{}" and row.id not in corrected
    ]
    return str(msgspec.json.decode(named[-1])["staff"]) if named else None


def _file(patient_id: str, facts: Mapping[str, Any], first_rpm_on: date | None) -> PatientFile:
    claims = msgspec.convert(facts["other_claims"], list[shape.OtherClaim])
    return PatientFile(
        id=patient_id,
        established_on=msgspec.convert(facts["patient"].get("established_on"), date | None),
        consents=msgspec.convert(facts["consents"], tuple[shape.Consent, ...]),
        orders=msgspec.convert(facts["orders"], tuple[shape.Order, ...]),
        episodes=msgspec.convert(facts["episodes"], tuple[shape.Episode, ...]),
        claims=tuple(_claim(one) for one in claims),
        first_rpm_on=first_rpm_on,
    )


def _claim(one: shape.OtherClaim) -> Claim:
    days = Span(first=one.on, last=one.on) if one.on else month_named(one.month or "")
    return Claim(code=one.code, days=days, practitioner=one.practitioner)


def _first_rpm(db: Connection, zones: Mapping[str, str]) -> dict[str, date]:
    """The first reading's or RPM entry's local date, of all time."""
    found: dict[str, date] = {}
    rows = db.execute(
        select(observation.c.patient_id, func.min(observation.c.local_day))
        .where(observation.c.kind.in_(PATIENT_KINDS), observation.c.local_day.is_not(None))
        .group_by(observation.c.patient_id)
    )
    found |= {row[0]: row[1] for row in rows if row[0] is not None}
    rows = db.execute(
        select(care_time.c.patient_id, func.min(care_time.c.start_ms))
        .where(care_time.c.program == "RPM", *in_force())
        .group_by(care_time.c.patient_id)
    )
    for patient_id, start_ms in rows:
        on = local(start_ms, zones[patient_id]).date()
        found[patient_id] = min(on, found.get(patient_id, on))
    return found


def in_force() -> tuple[ColumnElement[bool], ...]:
    """Care time that no later entry corrects and nobody took out."""
    later = care_time.alias("later_entry")
    return (
        ~exists().where(later.c.corrects == care_time.c.id),
        ~exists().where(care_time_void.c.care_time_id == care_time.c.id),
    )
