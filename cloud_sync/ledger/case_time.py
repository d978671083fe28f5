"""A patient's care time for the case file, each entry with the role the worker had on its date."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row

from cloud_sync.ledger.case_facts import BILLING
from cloud_sync.ledger.local_time import local, midnight_ms
from cloud_sync.ledger.staff_details import Roster


def of_rows(
    patient_id: str, rows: Sequence[Row[Any]], people: Roster, billing: str | None, zone: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The patient's entries, and what the same workers logged for others at the same time; staff.

    Somebody who changed role is somebody else to the rules from that midnight on: `id/role`. The
    billing practitioner is P1 only on the dates on which they were a practitioner.
    """
    time, staff = [], {}
    for row in rows:
        for start_ms, end_ms in _parts(row, people, zone):
            day = local(start_ms, zone).date()
            name = _name(row.staff_id, day, people, billing)
            staff[name] = {
                "id": name,
                "role": people.role(row.staff_id, day),
                "employed": people.employed(row.staff_id, day),
            }
            entry = {
                "program": row.program,
                "start": instant(start_ms),
                "end": instant(end_ms),
                "staff": name,
                "entered_at": instant(row.entered_at_ms),
                "patients": row.patients,
            }
            if row.patient_id == patient_id:
                keys = ("activity", "note", "interactive", "mode")
                time.append(entry | {key: getattr(row, key) for key in keys})
            else:
                time.append(entry | {"other_patient": True})  # nothing else of another leaves
    # P1 always exists and is a practitioner: no case file says so again.
    return time, [staff[name] for name in sorted(staff) if name != BILLING]


def _name(staff_id: str, day: date, people: Roster, billing: str | None) -> str:
    role = people.role(staff_id, day)
    if staff_id == billing and role == "practitioner":
        return BILLING
    roles = {people.role(staff_id, one) for one in (*people.changes(staff_id), date.min)}
    return staff_id if len(roles) == 1 else f"{staff_id}/{role}"


def _parts(row: Row[Any], people: Roster, zone: str) -> Iterator[tuple[int, int]]:
    """The entry, cut at each midnight from which its worker was something else."""
    start_ms, end_ms = row.start_ms, row.end_ms
    first = local(start_ms, zone).date()
    for day in people.changes(row.staff_id):
        if day <= first:
            continue
        cut_ms = midnight_ms(day, zone)
        if start_ms < cut_ms < end_ms:
            yield start_ms, cut_ms
            start_ms = cut_ms
    yield start_ms, end_ms


def instant(at_ms: int) -> str:
    """As the case file writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
