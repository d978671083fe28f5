"""The case file of a live patient: every fact the rules need, as it stood at one instant.

Facts recorded later are left out, and so are entries that a later one had corrected by then.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, or_, select

from cloud_sync.ledger import case_devices, case_facts, case_time, practice_settings, training
from cloud_sync.ledger.billing import billing_practitioner
from cloud_sync.ledger.case_time import instant
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.tables import observation, patient_detail

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
    facts = case_facts.of_patient(db, patient_id, as_of_ms, billing)
    effective_ms = as_of_ms if settings_at_ms is None else settings_at_ms
    devices = case_devices.of_patient(db, patient_id, as_of_ms, zone)
    time, staff = case_time.of_patient(db, patient_id, as_of_ms, billing, zone)
    return {
        # Whatever is made of a trainee's entries says so in its first line, wherever it goes.
        "id": f"{training.STAMP} {patient_id}" if training.is_training(db) else patient_id,
        "as_of": instant(as_of_ms),
        "defaults": False,
        "settings": {
            **practice_settings.in_force(db, effective_ms, known_at_ms=as_of_ms),
            "time_zone": zone,
        },
        "patient": {"payer": detail["payer"], **facts.pop("patient")},
        **facts,
        "devices": devices,
        "readings": list(_readings(db, patient_id, as_of_ms, devices, zone)),
        "time": time,
        "staff": staff,
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


def _readings(
    db: Connection,
    patient_id: str,
    as_of_ms: int,
    devices: list[dict[str, Any]],
    zone: str,
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
            "measured_at": instant(row["measured_at_ms"]),
            "received_at": instant(row["committed_at_ms"]),
            "source": "automatic",
            "result": RESULTS[row["kind"]],
        }


def _within_dates(row: RowMapping, devices: list[dict[str, Any]], zone: str) -> bool:
    day = local(row["measured_at_ms"], zone).date().isoformat()
    return any(
        entry["id"] == row["device_id"]
        and entry["assigned_from"] <= day
        and (entry["assigned_to"] is None or day <= entry["assigned_to"])
        for entry in devices
    )
