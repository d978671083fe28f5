"""The case file of a live patient: every fact the rules need, as it stood at one instant.

Facts recorded later are left out, and so are entries that a later one had corrected by then.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row

from cloud_sync.ledger import practice_settings
from cloud_sync.ledger.billing import recorded
from cloud_sync.ledger.case_rows import Found, KnownRows, PatientRows, rows_of

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
    effective_ms = as_of_ms if settings_at_ms is None else settings_at_ms
    settings = practice_settings.in_force(db, effective_ms, known_at_ms=as_of_ms)
    return case_file(rows_of(db, [patient_id], as_of_ms), patient_id, settings, zone)


def case_file(
    known: KnownRows, patient_id: str, settings: dict[str, Any], zone: str | None = None
) -> dict[str, Any]:
    """The case file of one of these patients, under these settings. Pure."""
    rows = known.patients[patient_id]
    detail = _detail(rows.details, known.as_of_ms)
    if detail is None:
        raise LookupError("there is no such patient")
    zone = zone or str(detail.zone)
    billing = billing_of(known, patient_id)
    facts = _facts(rows.facts, billing)
    devices = _devices(rows.devices, ZoneInfo(zone))
    time = list(_time(rows, billing))
    return {
        "id": patient_id,
        "as_of": _instant(known.as_of_ms),
        "defaults": False,
        "settings": {**settings, "time_zone": zone},
        "patient": {"payer": detail.payer, **facts.pop("patient")},
        **facts,
        "devices": devices,
        "readings": list(_readings(rows, devices, ZoneInfo(zone))),
        "time": time,
        "staff": _staff(known, {entry["staff"] for entry in time}),
    }


def billing_of(known: KnownRows, patient_id: str) -> str | None:
    """Who bills for one of these patients: see `ledger.billing`."""
    return recorded(known.patients[patient_id].facts) or known.only_practitioner


def _detail(found: Found, as_of_ms: int) -> Row[Any] | None:
    """The newest row of that time; before the first, the first."""
    known = [row for row in found if row.recorded_at_ms <= as_of_ms]
    corrected = {row.corrects for row in known}
    standing = [row for row in known if row.id not in corrected]
    return next(reversed(standing), found[0] if found else None)


def _facts(rows: Found, billing: str | None) -> dict[str, Any]:
    """The lists of the case file, and the patient's own keys joined, the newest winning."""
    patient: dict[str, Any] = {}
    lists: dict[str, Any] = {kind: [] for kind in FACT_LISTS}
    for row in rows:
        if row.kind not in lists and row.kind != "patient":
            continue
        body = msgspec.json.decode(row.body)
        if row.kind == "patient":
            patient |= body
        elif body:  # a correction to nothing takes an entry away
            if billing is not None and body.get("practitioner") == billing:
                body["practitioner"] = BILLING
            lists[row.kind].append(body)
    return {"patient": patient, **lists}


def _devices(rows: Found, zone: ZoneInfo) -> list[dict[str, Any]]:
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "fda_defined": row.fda_defined,
            "automatic": row.automatic,
            "test": row.test,
            "assigned_from": _local_day(row.assigned_from_ms, zone),
            "assigned_to": _local_day(row.assigned_to_ms, zone),
        }
        for row in rows
    ]


def _readings(
    rows: PatientRows, devices: list[dict[str, Any]], zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    """What the clinic has of this patient; received is when the clinic committed it.

    A moment that may fall on two dates proves neither, so it is left out. Readings that nobody's
    assignment covers are there, so that the page can say why they are left out, unless whole
    assignment dates would make them look like this patient's.
    """
    own = [row for row in rows.readings if row.local_day is not None]
    stray = [row for row in rows.unclaimed if not _within_dates(row, devices, zone)]
    found = sorted([*own, *stray], key=lambda row: (row.measured_at_ms, row.id)) if stray else own
    for row in found:
        if row.kind in RESULTS and row.measured_at_ms is not None:
            yield {
                "device": row.device_id,
                "measured_at": _instant(row.measured_at_ms),
                "received_at": _instant(row.committed_at_ms),
                "source": "automatic",
                "result": RESULTS[row.kind],
            }


def _within_dates(row: Row[Any], devices: Sequence[dict[str, Any]], zone: ZoneInfo) -> bool:
    day = _local_day(row.measured_at_ms, zone)
    return any(
        entry["id"] == row.device_id
        and entry["assigned_from"] <= day
        and (entry["assigned_to"] is None or day <= entry["assigned_to"])
        for entry in devices
    )


def _time(rows: PatientRows, billing: str | None) -> Iterator[dict[str, Any]]:
    """The patient's care time, and what the same workers logged for others at the same time."""
    own = [row for row in rows.time if not row.gone]
    ids = {row.id for row in own}
    for row in sorted([*own, *rows.beside], key=lambda row: (row.start_ms, row.id)):
        entry = {
            "program": row.program,
            "start": _instant(row.start_ms),
            "end": _instant(row.end_ms),
            "staff": BILLING if row.staff_id == billing else row.staff_id,
            "entered_at": _instant(row.entered_at_ms),
            "patients": row.patients,
        }
        if row.id in ids:
            yield entry | {
                "activity": row.activity,
                "note": row.note,
                "interactive": row.interactive,
                "mode": row.mode,
            }
        else:
            yield entry | {"other_patient": True}  # nothing else of another patient leaves


def _staff(known: KnownRows, ids: set[str]) -> list[dict[str, Any]]:
    return [
        {"id": account, "role": role, "employed": True}
        for account, role in known.roles.items()
        if account in ids
    ]


def _instant(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _local_day(at_ms: int | None, zone: ZoneInfo) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date().isoformat()
