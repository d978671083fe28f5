"""Patients: who they are, in which zone they live, and what is on file for their programs.

Details and program facts only grow: a change is a new row, the newest that no other corrects holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Select, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import entries, facts as kinds, sealing, staff_details
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.local_time import zones
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import patient, patient_detail, program_fact
from cloud_sync.rules.case import Problem, read


@dataclass(frozen=True, kw_only=True)
class Patient:
    """A patient with the details in force."""

    id: str
    detail_id: str
    name: str
    birth_date: date | None
    record_number: str | None
    zone: str
    payer: str


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One entry of a patient's file. `reason`: why it corrects the one before it."""

    id: str
    kind: str
    body: dict[str, Any]
    recorded_at_ms: int
    author: str
    corrects: str | None = None
    reason: str | None = None


def add_patient(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    name: str,
    zone: str,
    author: str,
    at_ms: int,
    birth_date: date | None = None,
    record_number: str | None = None,
    payer: str = "medicare",
) -> str:
    """A new patient's id."""
    identity = new_id()
    made = {"id": identity, "created_at_ms": at_ms, "author": author}
    entries.add(db, patient, made, author=author, at_ms=at_ms)
    details = {
        "name": name,
        "zone": zone,
        "birth_date": birth_date,
        "record_number": record_number,
        "payer": payer,
    }
    _insert_detail(db, identity, details, author=author, at_ms=at_ms, corrects=None)
    return identity


def change_patient(  # noqa: PLR0913 - named columns
    db: Connection,
    patient_id: str,
    changes: Mapping[str, Any],
    *,
    author: str,
    at_ms: int,
    reason: str | None = None,
) -> None:
    """Correct details: a new row that names the one it corrects. A new zone recounts the days."""
    from cloud_sync.ledger.devices import lock_patient, rederive_patient

    current = find(db, patient_id)
    details = {
        field: changes.get(field, getattr(current, field))
        for field in ("name", "birth_date", "record_number", "zone", "payer")
    }
    if details["zone"] != current.zone:
        lock_patient(db, patient_id)
    _insert_detail(
        db,
        patient_id,
        details,
        author=author,
        at_ms=at_ms,
        corrects=current.detail_id,
        reason=reason,
    )
    if details["zone"] != current.zone:
        rederive_patient(db, patient_id)


def _insert_detail(  # noqa: PLR0913 - named columns
    db: Connection,
    patient_id: str,
    details: Mapping[str, Any],
    *,
    author: str,
    at_ms: int,
    corrects: str | None,
    reason: str | None = None,
) -> None:
    if not details["name"].strip():
        raise Refused("Give the patient's name.")
    if details["zone"] not in zones():
        raise Refused("The time zone must be one of the IANA names, such as America/Denver.")
    born = details["birth_date"]
    today = _today(at_ms, details["zone"])
    if born is not None and not date(1900, 1, 1) <= born <= today:
        raise Refused("The date of birth must lie between 1900 and today.")
    row = {
        "id": new_id(),
        "patient_id": patient_id,
        "name": details["name"].strip(),
        "birth_date": born,
        "record_number": (details["record_number"] or "").strip() or None,
        "zone": details["zone"],
        "payer": details["payer"].strip() or "medicare",
        "recorded_at_ms": at_ms,
        "author": author,
        "corrects": corrects,
        "reason": reason,
    }
    entries.add(db, patient_detail, row, author=author, at_ms=at_ms)


def _today(at_ms: int, zone: str) -> date:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def everyone(db: Connection) -> list[Patient]:
    """All patients, by name: names are sealed, so the database cannot sort by them."""
    sealing.prepare_files(db)
    found = [Patient(**row) for row in db.execute(_in_force()).mappings()]
    return sorted(found, key=lambda one: (one.name, one.id))


def find(db: Connection, patient_id: str) -> Patient:
    """One patient, or Refused."""
    statement = _in_force().where(patient_detail.c.patient_id == patient_id)
    row = db.execute(statement).mappings().first()
    if row is None:
        raise Refused("There is no such patient.")
    return Patient(**row)


def _in_force() -> Select[Any]:
    later = patient_detail.alias("later")
    return select(
        patient_detail.c.patient_id.label("id"),
        patient_detail.c.id.label("detail_id"),
        patient_detail.c.name,
        patient_detail.c.birth_date,
        patient_detail.c.record_number,
        patient_detail.c.zone,
        patient_detail.c.payer,
    ).where(~select(later.c.id).where(later.c.corrects == patient_detail.c.id).exists())


def record_fact(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    patient_id: str,
    kind: str,
    body: Mapping[str, Any],
    author: str,
    at_ms: int,
    corrects: str | None = None,
    reason: str | None = None,
) -> str:
    """Put one entry on a patient's file: a consent, an order, a visit. `facts` has the kinds.

    A correction names the entry it corrects, and why; an empty body takes that entry away.
    """
    kinds.check(kind, body)
    find(db, patient_id)
    known = {fact.id: fact for fact in facts(db, patient_id)}
    if corrects is not None:
        _check_correction(known.get(corrects), kind, reason)
    if kind == "billing_practitioner":
        _check_practitioner(db, body, at_ms)
    elif body:
        _check_readable(kind, body)
        _check_reference(known, kind, body)
    identity = new_id()
    row = {
        "id": identity,
        "patient_id": patient_id,
        "kind": kind,
        "body": canonical(dict(body)).decode(),
        "recorded_at_ms": at_ms,
        "author": author,
        "corrects": corrects,
        "reason": reason and reason.strip(),
    }
    entries.add(db, program_fact, row, author=author, at_ms=at_ms)
    return identity


def _check_correction(old: Fact | None, kind: str, reason: str | None) -> None:
    if old is None:
        raise Refused("The entry to correct is not this patient's, or has been corrected.")
    if old.kind != kind:
        raise Refused("A correction is of the same kind as the entry it corrects.")
    if not (reason or "").strip():
        raise Refused("Say why the entry is corrected: an auditor will ask.")


def _check_readable(kind: str, body: Mapping[str, Any]) -> None:
    """The rules must be able to read it: an entry they cannot would stop all of this patient's."""
    judged = kinds.case_entry(kind, body)
    if not judged:
        return
    entry = judged if kind == "patient" else [judged]
    probe = {"id": "probe", "as_of": "2026-01-01T00:00:00Z", "defaults": False, kind: entry}
    problem = read(probe)
    if isinstance(problem, Problem):
        raise Refused(f"This entry cannot be read: {problem}.")


def _check_reference(known: Mapping[str, Fact], kind: str, body: Mapping[str, Any]) -> None:
    """A revocation names a consent that is on file, and cannot lie before it."""
    key, wanted = kinds.REFERENCES.get(kind, (None, None))
    if key is None:
        return
    target = known.get(str(body[key]))
    if target is None or target.kind != wanted:
        raise Refused(f"The entry it belongs to is not on file: {key} is to be the id of one.")
    begun = next((target.body[k] for k in ("given_on", "start", "on") if k in target.body), "")
    dated = next((str(body[k]) for k in ("revoked_on", "end", "on") if k in body), "")
    if dated < begun:
        raise Refused("It cannot lie before what it ends or shares began.")


def _check_practitioner(db: Connection, body: Mapping[str, Any], at_ms: int) -> None:
    """`{"staff": id}` of somebody who may bill."""
    if body and body["staff"] not in staff_details.practitioners(db, at_ms):
        raise Refused("The billing practitioner must be an account with that billing role.")


def facts(db: Connection, patient_id: str) -> list[Fact]:
    """What is on file for a patient and in force, oldest first."""
    later = program_fact.alias("later")
    rows = db.execute(
        select(program_fact)
        .where(
            program_fact.c.patient_id == patient_id,
            ~select(later.c.id).where(later.c.corrects == program_fact.c.id).exists(),
        )
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    ).mappings()
    return [
        Fact(
            id=row["id"],
            kind=row["kind"],
            body=msgspec.json.decode(row["body"], type=dict[str, Any]),
            recorded_at_ms=row["recorded_at_ms"],
            author=row["author"],
            corrects=row["corrects"],
            reason=row["reason"],
        )
        for row in rows
        if row["body"] != "{}"
    ]
