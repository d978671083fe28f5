"""What is on file for every patient at once, for the self-audit."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, exists, func, select

from cloud_sync.ledger.devices import PATIENT_KINDS
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.tables import care_time, care_time_void, observation, program_fact, staff
from cloud_sync.rules import shape
from cloud_sync.rules.audit.practice import PatientFile
from cloud_sync.rules.calendar import Span, month_named
from cloud_sync.rules.facts import Claim

T = TypeVar("T", bound=msgspec.Struct)


def patient_files(db: Connection, zones: Mapping[str, str]) -> Iterator[PatientFile]:
    """One for each patient of `zones`, which maps ids to IANA names."""
    later = program_fact.alias("later")
    rows = db.execute(
        select(program_fact.c.patient_id, program_fact.c.kind, program_fact.c.body)
        .where(
            program_fact.c.body != "{}",
            ~select(later.c.id).where(later.c.corrects == program_fact.c.id).exists(),
        )
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    )
    kept: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        kept[row.patient_id][row.kind].append(msgspec.json.decode(row.body))
    only = db.execute(select(staff.c.id).where(staff.c.billing_role == "practitioner")).scalars()
    practitioners = list(only)
    sole = practitioners[0] if len(practitioners) == 1 else None
    first = _first_rpm(db, zones)
    for patient_id in zones:
        yield _file(patient_id, kept[patient_id], sole, first.get(patient_id))


def _file(
    patient_id: str,
    kept: Mapping[str, list[dict[str, Any]]],
    sole: str | None,
    first_rpm_on: date | None,
) -> PatientFile:
    """The practitioner who bills is P1, as in the case file."""
    named = kept.get("billing_practitioner", ())
    billing = named[-1].get("staff") if named else sole
    details: dict[str, Any] = {}
    for body in kept.get("patient", ()):
        details |= body

    def of(kind: str, shaped: type[T]) -> list[T]:
        """What the rules read of them; a file may say more."""
        named = shaped.__struct_encode_fields__
        bodies = [{k: v for k, v in one.items() if k in named} for one in kept.get(kind, ())]
        for body in bodies:
            if billing is not None and body.get("practitioner") == billing:
                body["practitioner"] = shape.BILLING
        return [msgspec.convert(body, shaped) for body in bodies]

    return PatientFile(
        id=patient_id,
        established_on=msgspec.convert(details.get("established_on"), date | None),
        consents=tuple(of("consents", shape.Consent)),
        orders=tuple(of("orders", shape.Order)),
        episodes=tuple(of("episodes", shape.Episode)),
        claims=tuple(_claim(one) for one in of("other_claims", shape.OtherClaim)),
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
