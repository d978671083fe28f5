"""The case file of a live patient: every fact the rules need, as it stood at one instant.

Facts recorded later are left out, and so are entries that a later one had corrected by then.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row

from cloud_sync.ledger import case_devices, case_facts, case_time, practice_settings, training
from cloud_sync.ledger.billing import recorded
from cloud_sync.ledger.case_rows import Found, KnownRows, PatientRows, rows_of
from cloud_sync.ledger.case_time import instant
from cloud_sync.ledger.local_time import local

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
    facts = case_facts.of_rows(rows.facts, billing)
    devices = case_devices.of_rows(rows.devices, known.device_details, zone)
    worked = sorted(
        [*(row for row in rows.time if not row.gone), *rows.beside],
        key=lambda row: (row.start_ms, row.id),
    )
    time, staff = case_time.of_rows(patient_id, worked, known.roster, billing, zone)
    return {
        # Whatever is made of a trainee's entries says so in its first line, wherever it goes.
        "id": f"{training.STAMP} {patient_id}" if known.training else patient_id,
        "as_of": instant(known.as_of_ms),
        "defaults": False,
        "settings": {**settings, "time_zone": zone},
        "patient": {"payer": detail.payer, **facts.pop("patient")},
        **facts,
        "devices": devices,
        "readings": list(_readings(rows, devices, zone)),
        "time": time,
        "staff": staff,
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


def _readings(
    rows: PatientRows, devices: list[dict[str, Any]], zone: str
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
                "measured_at": instant(row.measured_at_ms),
                "received_at": instant(row.committed_at_ms),
                "source": "automatic",
                "result": RESULTS[row.kind],
            }


def _within_dates(row: Row[Any], devices: Sequence[dict[str, Any]], zone: str) -> bool:
    day = local(row.measured_at_ms, zone).date().isoformat()
    return any(
        entry["id"] == row.device_id
        and entry["assigned_from"] <= day
        and (entry["assigned_to"] is None or day <= entry["assigned_to"])
        for entry in devices
    )
