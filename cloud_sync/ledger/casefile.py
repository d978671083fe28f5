"""The case file of a live patient: every fact the rules need, as it stood at one instant.

Facts recorded later are left out, and so are entries that a later one had corrected by then.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    exists,
    or_,
    select,
)

from cloud_sync.ledger import practice_settings, training
from cloud_sync.ledger.billing import billing_practitioner
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    care_time,
    care_time_void,
    device,
    observation,
    patient_detail,
    program_fact,
    staff,
)

BILLING = "P1"  # the case file's name for the billing practitioner
RESULTS = {
    "blood_pressure": "measurement",
    "glucose": "measurement",
    "ketone": "measurement",
    "other_analyte": "measurement",
    "pulse_oximetry": "measurement",
    "temperature": "measurement",
    "weight": "measurement",
    "body_composition": "measurement",
    "failed_measurement": "failed",
    "control_solution": "control",
}  # every other kind of observation is no reading at all
FACT_LISTS = (
    "consents",
    "orders",
    "initiating_visits",
    "care_plans",
    "decision_making",
    "lane_choices",
    "episodes",
    "stays",
    "other_claims",
)


def build_case(
    db: Connection,
    patient_id: str,
    as_of_ms: int,
    zone: str | None = None,
    settings_at_ms: int | None = None,
) -> dict[str, Any]:
    """The case file, with nothing supplied by default. LookupError where there is no patient.

    Settings are those in force at `as_of_ms`, or at `settings_at_ms`: a closed month keeps its own.
    """
    detail = _detail(db, patient_id, as_of_ms)
    if detail is None:
        raise LookupError("there is no such patient")
    zone = zone or str(detail["zone"])
    billing = billing_practitioner(db, patient_id, as_of_ms)
    facts = _facts(db, patient_id, as_of_ms, billing)
    effective_ms = as_of_ms if settings_at_ms is None else settings_at_ms
    devices = _devices(db, patient_id, as_of_ms, ZoneInfo(zone))
    time = list(_time(db, patient_id, as_of_ms, billing))
    return {
        # Whatever is made of a trainee's entries says so in its first line, wherever it goes.
        "id": f"{training.STAMP} {patient_id}" if training.is_training(db) else patient_id,
        "as_of": _instant(as_of_ms),
        "defaults": False,
        "settings": {
            **practice_settings.in_force(db, effective_ms, known_at_ms=as_of_ms),
            "time_zone": zone,
        },
        "patient": {"payer": detail["payer"], **facts.pop("patient")},
        **facts,
        "devices": devices,
        "readings": list(_readings(db, patient_id, as_of_ms, devices, ZoneInfo(zone))),
        "time": time,
        "staff": _staff(db, {entry["staff"] for entry in time}),
    }


def _detail(db: Connection, patient_id: str, as_of_ms: int) -> RowMapping | None:
    """The newest row of that time; before the first, the first."""
    rows = db.execute(
        select(patient_detail)
        .where(patient_detail.c.patient_id == patient_id)
        .order_by(patient_detail.c.recorded_at_ms, patient_detail.c.id)
    ).mappings()
    found = list(rows)
    known = [row for row in found if row["recorded_at_ms"] <= as_of_ms]
    corrected = {row["corrects"] for row in known}
    standing = [row for row in known if row["id"] not in corrected]
    return next(reversed(standing), found[0] if found else None)


def _facts(db: Connection, patient_id: str, as_of_ms: int, billing: str | None) -> dict[str, Any]:
    """The lists of the case file, and the patient's own keys joined, the newest winning."""
    rows = db.execute(
        select(program_fact)
        .where(
            program_fact.c.patient_id == patient_id,
            program_fact.c.kind.in_((*FACT_LISTS, "patient")),
            program_fact.c.recorded_at_ms <= as_of_ms,
            ~_corrected(program_fact, "recorded_at_ms", as_of_ms),
        )
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    ).mappings()
    patient: dict[str, Any] = {}
    lists: dict[str, Any] = {kind: [] for kind in FACT_LISTS}
    for row in rows:
        body = msgspec.json.decode(row["body"])
        if row["kind"] == "patient":
            patient |= body
        elif body:  # a correction to nothing takes an entry away
            if billing is not None and body.get("practitioner") == billing:
                body["practitioner"] = BILLING
            lists[row["kind"]].append(body)
    return {"patient": patient, **lists}


def _corrected(table: Table, recorded: str, as_of_ms: int) -> ColumnElement[bool]:
    later = table.alias("later")
    return exists().where(later.c.corrects == table.c.id, later.c[recorded] <= as_of_ms)


def _devices(
    db: Connection, patient_id: str, as_of_ms: int, zone: ZoneInfo
) -> list[dict[str, Any]]:
    """One entry an assignment: a device given back and lent again has two."""
    rows = db.execute(
        select(
            device,
            assignment.c.assigned_from_ms,
            assignment_end.c.assigned_to_ms,
        )
        .join(assignment, assignment.c.device_id == device.c.id)
        .outerjoin(
            assignment_end,
            and_(
                assignment_end.c.assignment_id == assignment.c.id,
                assignment_end.c.recorded_at_ms <= as_of_ms,
            ),
        )
        .where(assignment.c.patient_id == patient_id, assignment.c.recorded_at_ms <= as_of_ms)
        .order_by(assignment.c.assigned_from_ms, assignment.c.id)
    ).mappings()
    return [
        {
            "id": row["id"],
            "kind": row["kind"],
            "fda_defined": row["fda_defined"],
            "automatic": row["automatic"],
            "test": row["test"],
            "assigned_from": _local_day(row["assigned_from_ms"], zone),
            "assigned_to": _local_day(row["assigned_to_ms"], zone),
        }
        for row in rows
    ]


def _readings(
    db: Connection,
    patient_id: str,
    as_of_ms: int,
    devices: list[dict[str, Any]],
    zone: ZoneInfo,
) -> Iterator[dict[str, Any]]:
    """What the clinic has of this patient; received is when the clinic committed it.

    A moment that may fall on two dates proves neither, so it is left out. Readings that nobody's
    assignment covers are there, so that the page can say why they are left out, unless whole
    assignment dates would make them look like this patient's.
    """
    rows = db.execute(
        select(
            observation.c.device_id,
            observation.c.kind,
            observation.c.measured_at_ms,
            observation.c.committed_at_ms,
            observation.c.patient_id,
        )
        .where(
            or_(
                and_(
                    observation.c.patient_id == patient_id,
                    observation.c.local_day.is_not(None),
                ),
                and_(
                    observation.c.patient_id.is_(None),
                    observation.c.uncertainty_ms.is_not(None),
                    observation.c.device_id.in_({entry["id"] for entry in devices}),
                ),
            ),
            observation.c.measured_at_ms.is_not(None),
            observation.c.committed_at_ms <= as_of_ms,
            observation.c.kind.in_(RESULTS),
        )
        .order_by(observation.c.measured_at_ms, observation.c.id)
    ).mappings()
    for row in rows:
        if row["patient_id"] is None and _within_dates(row, devices, zone):
            continue
        yield {
            "device": row["device_id"],
            "measured_at": _instant(row["measured_at_ms"]),
            "received_at": _instant(row["committed_at_ms"]),
            "source": "automatic",
            "result": RESULTS[row["kind"]],
        }


def _within_dates(row: RowMapping, devices: list[dict[str, Any]], zone: ZoneInfo) -> bool:
    day = _local_day(row["measured_at_ms"], zone)
    return any(
        entry["id"] == row["device_id"]
        and entry["assigned_from"] <= day
        and (entry["assigned_to"] is None or day <= entry["assigned_to"])
        for entry in devices
    )


def _time(
    db: Connection, patient_id: str, as_of_ms: int, billing: str | None
) -> Iterator[dict[str, Any]]:
    """The patient's care time, and what the same workers logged for others at the same time."""
    own = care_time.alias("own")
    beside = exists().where(
        own.c.patient_id == patient_id,
        own.c.staff_id == care_time.c.staff_id,
        own.c.start_ms < care_time.c.end_ms,
        own.c.end_ms > care_time.c.start_ms,
    )
    rows = db.execute(
        select(care_time)
        .where(
            or_(care_time.c.patient_id == patient_id, beside),
            care_time.c.entered_at_ms <= as_of_ms,
            ~_corrected(care_time, "entered_at_ms", as_of_ms),
            ~exists().where(
                care_time_void.c.care_time_id == care_time.c.id,
                care_time_void.c.voided_at_ms <= as_of_ms,
            ),
        )
        .order_by(care_time.c.start_ms, care_time.c.id)
    ).mappings()
    for row in rows:
        entry = {
            "program": row["program"],
            "start": _instant(row["start_ms"]),
            "end": _instant(row["end_ms"]),
            "staff": BILLING if row["staff_id"] == billing else row["staff_id"],
            "entered_at": _instant(row["entered_at_ms"]),
            "patients": row["patients"],
        }
        if row["patient_id"] == patient_id:
            yield entry | {key: row[key] for key in ("activity", "note", "interactive", "mode")}
        else:
            yield entry | {"other_patient": True}  # nothing else of another patient leaves


def _staff(db: Connection, ids: set[str]) -> list[Mapping[str, Any]]:
    rows = db.execute(
        select(staff.c.id, staff.c.billing_role).where(staff.c.id.in_(ids)).order_by(staff.c.id)
    ).mappings()
    return [{"id": row["id"], "role": row["billing_role"], "employed": True} for row in rows]


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _local_day(at_ms: int | None, zone: ZoneInfo) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date().isoformat()
