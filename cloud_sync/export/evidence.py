"""Gathers from the ledger what a closed month rests on, as rows ready to be written."""

from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.ledger import practice_settings
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    care_time,
    care_time_review,
    device,
    envelope,
    hub,
    observation,
    program_fact,
    staff,
)

Rows = list[dict[str, Any]]
_MANY = 500  # ids in one query: SQLite and PostgreSQL both bound the parameters


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything but the snapshot itself; `envelopes` by their id in hex."""

    patient: dict[str, Any]
    settings: Rows
    staff: Rows
    hubs: dict[str, Any]
    facts: Rows
    devices: Rows
    readings: Rows
    receipts: Rows
    time: Rows
    envelopes: dict[str, bytes]

    def matches(self, facts: dict[str, Any]) -> bool:
        """Whether these are the readings and entries that the snapshot names."""
        ids = ([row["id"] for row in self.readings], [row["id"] for row in self.time])
        return bool(ids == (facts["readings"], facts["time"]))


def gather(db: Connection, patient: Patient, facts: dict[str, Any]) -> Evidence:
    """As known when the snapshot was taken; `facts` is its body."""
    as_of_ms = facts["as_of_ms"]
    found = _observations(db, patient.id, [bytes.fromhex(one) for one in facts["readings"]])
    time = _time(db, patient.id, facts["time"])
    return Evidence(
        patient={
            "id": patient.id,
            "name": patient.name,
            "birth_date": patient.birth_date and patient.birth_date.isoformat(),
            "record_number": patient.record_number,
            "payer": patient.payer,
            "zone": patient.zone,
        },
        settings=[
            msgspec.to_builtins(one) for one in practice_settings.history(db, known_at_ms=as_of_ms)
        ],
        staff=_staff(db, {row["staff"] for row in time} | {facts["billing_practitioner"]}),
        hubs=_hubs(db, {row["hub_id"] for row in found}),
        facts=_facts(db, patient.id, as_of_ms),
        devices=_devices(db, patient.id, as_of_ms),
        readings=[_reading(row) for row in found],
        receipts=[_receipt(row) for row in found],
        time=time,
        envelopes={bytes(row["envelope_id"]).hex(): bytes(row["body"]) for row in found},
    )


def _observations(db: Connection, patient_id: str, ids: list[bytes]) -> Rows:
    found: dict[bytes, dict[str, Any]] = {}
    for start in range(0, len(ids), _MANY):
        rows = db.execute(
            select(observation, envelope.c.epoch, envelope.c.seq, envelope.c.body)
            .join(envelope, envelope.c.id == observation.c.envelope_id)
            .where(
                observation.c.id.in_(ids[start : start + _MANY]),
                observation.c.patient_id == patient_id,
            )
        ).mappings()
        found |= {bytes(row["id"]): dict(row) for row in rows}
    return [found[one] for one in ids if one in found]


def _reading(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": bytes(row["id"]).hex(),
        "envelope_id": bytes(row["envelope_id"]).hex(),
        "hub": row["hub_id"],
        "device": row["device_id"],
        "user_slot": row["user_slot"],
        "kind": row["kind"],
        "measured_at_ms": row["measured_at_ms"],
        "measured_method": row["measured_method"],
        "uncertainty_ms": row["uncertainty_ms"],
        "local_day": row["local_day"] and row["local_day"].isoformat(),
        "received_at_ms": row["received_at_ms"],
        "committed_at_ms": row["committed_at_ms"],
        "plaintext": bytes(row["plaintext"]).decode(),
    }


def _receipt(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "envelope_id": bytes(row["envelope_id"]).hex(),
        "hub": row["hub_id"],
        "epoch": row["epoch"],
        "seq": row["seq"],
        "committed_at_ms": row["committed_at_ms"],
    }


def _hubs(db: Connection, ids: set[str]) -> dict[str, Any]:
    rows = db.execute(select(hub.c.id, hub.c.verify_key).where(hub.c.id.in_(ids))).all()
    return {row.id: {"verify_key": bytes(row.verify_key or b"").hex()} for row in rows}


def _facts(db: Connection, patient_id: str, as_of_ms: int) -> Rows:
    rows = db.execute(
        select(program_fact)
        .where(program_fact.c.patient_id == patient_id, program_fact.c.recorded_at_ms <= as_of_ms)
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    ).mappings()
    return [{**row, "body": msgspec.json.decode(row["body"])} for row in rows]


def _devices(db: Connection, patient_id: str, as_of_ms: int) -> Rows:
    rows = db.execute(
        select(
            device,
            assignment.c.user_slot,
            assignment.c.assigned_from_ms,
            assignment_end.c.assigned_to_ms,
        )
        .join(assignment, assignment.c.device_id == device.c.id)
        .outerjoin(
            assignment_end,
            (assignment_end.c.assignment_id == assignment.c.id)
            & (assignment_end.c.recorded_at_ms <= as_of_ms),
        )
        .where(assignment.c.patient_id == patient_id, assignment.c.recorded_at_ms <= as_of_ms)
        .order_by(assignment.c.assigned_from_ms, assignment.c.id)
    ).mappings()
    return [dict(row) for row in rows]


def _time(db: Connection, patient_id: str, ids: list[str]) -> Rows:
    """The entries with the readings they worked on; a corrected one stays beside its correction."""
    rows = db.execute(
        select(care_time, staff.c.full_name, staff.c.billing_role)
        .join(staff, staff.c.id == care_time.c.staff_id)
        .where(care_time.c.patient_id == patient_id)
        .order_by(care_time.c.start_ms, care_time.c.id)
    ).mappings()
    wanted = set(ids)
    kept = [dict(row) for row in rows if row["id"] in wanted]
    reviewed = _reviewed(db, patient_id)
    for row in kept:
        row["staff"] = row.pop("staff_id")
        row["readings"] = reviewed.get(row["id"], [])
        row["corrected_by"] = next((o["id"] for o in kept if o["corrects"] == row["id"]), None)
    return kept


def _reviewed(db: Connection, patient_id: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = db.execute(
        select(care_time_review)
        .join(care_time, care_time.c.id == care_time_review.c.care_time_id)
        .where(care_time.c.patient_id == patient_id)
        .order_by(care_time_review.c.care_time_id, care_time_review.c.observation_id)
    )
    for row in rows:
        found.setdefault(row.care_time_id, []).append(bytes(row.observation_id).hex())
    return found


def _staff(db: Connection, ids: set[str | None]) -> Rows:
    rows = db.execute(
        select(staff.c.id, staff.c.full_name, staff.c.role, staff.c.billing_role)
        .where(staff.c.id.in_({one for one in ids if one}))
        .order_by(staff.c.id)
    ).mappings()
    return [dict(row) for row in rows]
