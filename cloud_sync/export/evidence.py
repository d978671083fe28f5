"""Gathers what a closed month rests on: whole rows of the ledger, to be shown and proven."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, select

from cloud_sync.ledger import release_rows, snapshots
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.tables import (
    account_opening,
    alert,
    alert_handling,
    alert_threshold,
    assignment,
    assignment_end,
    attestation,
    attestation_void,
    care_time,
    care_time_link,
    care_time_review,
    care_time_void,
    device,
    device_detail,
    device_registration,
    envelope,
    hub_key,
    month_snapshot,
    observation,
    patient as patient_table,
    patient_detail,
    practice_detail,
    practice_setting,
    program_fact,
    release,
    release_void,
    staff,
    staff_detail,
)

Row = dict[str, Any]
Rows = list[Row]
_MANY = 500  # ids in one query: SQLite and PostgreSQL both bound the parameters


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Rows of each table: those with an entry, those in batches, and those that are in neither."""

    patient: Patient
    chained: Mapping[Table, Rows]
    sent: Mapping[Table, Rows]
    devices: Mapping[str, Row]
    staff: Rows

    def matches(self, facts: Mapping[str, Any]) -> bool:
        """Whether these are the readings and entries that the snapshot names."""
        readings = [bytes(row["id"]).hex() for row in self.sent[observation]]
        time = [row["id"] for row in self.chained[care_time]]
        return bool((readings, time) == (facts["readings"], facts["time"]))


def gather(db: Connection, patient: Patient, month: str, facts: Mapping[str, Any]) -> Evidence:
    """As known at the snapshot, with later signatures, releases and handling of alerts.

    `facts` is the snapshot's body.
    """
    known_ms, mine = facts["as_of_ms"], patient.id
    readings = _observations(db, mine, [bytes.fromhex(one) for one in facts["readings"]])
    sealed = _rows(db, envelope, envelope.c.id, [row["envelope_id"] for row in readings])
    versions = _where(
        db,
        month_snapshot,
        month_snapshot.c.patient_id == mine,
        month_snapshot.c.month == month,
    )
    signed = _rows(db, attestation, attestation.c.snapshot_id, _ids(versions))
    released = _rows(db, release, release.c.snapshot_id, _ids(versions))
    raised = _rows(db, alert, alert.c.observation_id, [row["id"] for row in readings])
    given = _where(
        db, assignment, assignment.c.patient_id == mine, assignment.c.recorded_at_ms <= known_ms
    )
    devices = {row["device_id"] for row in (*given, *readings)}
    back = _rows(db, assignment_end, assignment_end.c.assignment_id, _ids(given))
    time = _time(db, mine, facts["time"])
    voids = _rows(db, care_time_void, care_time_void.c.care_time_id, _ids(time))
    reviewed = _rows(db, care_time_review, care_time_review.c.care_time_id, _ids(time))
    on_file = _where(
        db, program_fact, program_fact.c.patient_id == mine, _known(program_fact, known_ms)
    )
    chained: dict[Table, Rows] = {
        patient_table: _where(db, patient_table, patient_table.c.id == mine),
        patient_detail: _where(db, patient_detail, patient_detail.c.patient_id == mine),
        practice_setting: _where(db, practice_setting, _known(practice_setting, known_ms)),
        program_fact: on_file,
        assignment: given,
        assignment_end: [row for row in back if row["recorded_at_ms"] <= known_ms],
        care_time: time,
        care_time_void: [row for row in voids if row["voided_at_ms"] <= known_ms],
        care_time_review: reviewed,
        month_snapshot: versions,
        attestation: signed,
        attestation_void: _rows(
            db, attestation_void, attestation_void.c.attestation_id, _ids(signed)
        ),
        release: released,
        release_void: _rows(db, release_void, release_void.c.release_id, _ids(released)),
        alert_threshold: _where(
            db, alert_threshold, alert_threshold.c.patient_id == mine,
            _known(alert_threshold, known_ms),
        ),
        alert: raised,
        alert_handling: _rows(db, alert_handling, alert_handling.c.alert_id, _ids(raised)),
        hub_key: _rows(db, hub_key, hub_key.c.hub_id, {row["hub_id"] for row in readings}),
    }  # fmt: skip
    people = _staff(db, chained, facts["billing_practitioner"])
    workers = [row["id"] for row in people]
    of_devices = _rows(db, device_detail, device_detail.c.device_id, devices)
    of_staff = _rows(db, staff_detail, staff_detail.c.staff_id, workers)
    chained |= {
        practice_detail: _where(db, practice_detail, _known(practice_detail, known_ms)),
        device_detail: [row for row in of_devices if row["recorded_at_ms"] <= known_ms],
        staff_detail: [row for row in of_staff if row["recorded_at_ms"] <= known_ms],
        care_time_link: _rows(db, care_time_link, care_time_link.c.care_time_id, _ids(time)),
        account_opening: _rows(db, account_opening, account_opening.c.staff_id, workers),
        device_registration: _rows(
            db, device_registration, device_registration.c.device_id, devices
        ),
    }
    return Evidence(
        patient=patient,
        chained=chained,
        sent={observation: readings, envelope: sealed},
        devices={row["id"]: row for row in _rows(db, device, device.c.id, devices)},
        staff=people,
    )


def holding(rows: Iterable[Row], on: date) -> Row:
    """Of rows with a date they hold from, the one that holds on a date; empty where none does.

    Of two from the same date the one recorded later speaks.
    """
    begun = [row for row in rows if row["effective_from"] <= on]
    newest = max(begun, key=lambda row: (row["effective_from"], row["recorded_at_ms"]), default={})
    return dict(newest)


def in_force(found: Evidence) -> Rows:
    """What is on file and was not taken away or corrected."""
    rows = found.chained[program_fact]
    corrected = {row["corrects"] for row in rows}
    return [row for row in rows if row["id"] not in corrected and row["body"] != "{}"]


def corrections(rows: Iterable[Row]) -> dict[str, str]:
    """Which row corrects which."""
    return {row["corrects"]: row["id"] for row in rows if row["corrects"]}


def names(found: Evidence) -> dict[str, str]:
    """Full names by id; what wrote without an account has its own word."""
    return {row["id"]: row["full_name"] for row in found.staff}


def month_versions(db: Connection, patient_id: str, month: str) -> Rows:
    """Every version of the month with its reason, its signature and what voided that."""
    made = []
    for one in snapshots.versions(db, patient_id, month):
        row: Row = {
            "version": one.version,
            "snapshot_sha256": one.digest.hex(),
            "made_at_ms": one.made_at_ms,
            "reason": one.reason,
        }
        signature = snapshots.signature_of(db, one.id)
        if signature is not None:
            row["signature"] = {
                "by": signature.full_name,
                "at_ms": signature.signed_at_ms,
                "statement": signature.statement,
                "void_reason": signature.void_reason,
                "voided_at_ms": signature.voided_at_ms,
            }
        made.append(row)
    return made


def releases(db: Connection, patient_id: str, month: str) -> Rows:
    """What was handed to billing of each version, and what voided it."""
    return [
        {
            "id": one.id,
            "version": one.version,
            "snapshot_sha256": one.digest.hex(),
            "lines": msgspec.to_builtins(one.lines),
            "released_at_ms": one.released_at_ms,
            "void_reason": one.void_reason,
            "voided_at_ms": one.voided_at_ms,
        }
        for one in release_rows.of_patient(db, patient_id, month)
    ]


def _known(table: Table, at_ms: int) -> ColumnElement[bool]:
    known: ColumnElement[bool] = table.c.recorded_at_ms <= at_ms
    return known


def _where(db: Connection, table: Table, *conditions: ColumnElement[bool]) -> Rows:
    keys = list(table.primary_key.columns)
    when = [table.c[name] for name in ("version", "recorded_at_ms") if name in table.c]
    rows = db.execute(select(table).where(*conditions).order_by(*when, *keys)).mappings()
    return [dict(row) for row in rows]


def _rows(db: Connection, table: Table, column: ColumnElement[Any], ids: Collection[Any]) -> Rows:
    """The rows whose column is one of these."""
    listed, found = sorted(set(ids)), []
    for start in range(0, len(listed), _MANY):
        found += _where(db, table, column.in_(listed[start : start + _MANY]))
    return found


def _ids(rows: Iterable[Row]) -> list[str]:
    return [row["id"] for row in rows]


def _observations(db: Connection, patient_id: str, ids: Sequence[bytes]) -> Rows:
    """In the order in which the snapshot names them."""
    found = {bytes(row["id"]): row for row in _rows(db, observation, observation.c.id, ids)}
    rows = [found[one] for one in ids if one in found]
    return [row for row in rows if row["patient_id"] == patient_id]


def _time(db: Connection, patient_id: str, ids: Sequence[str]) -> Rows:
    """The entries of the snapshot in its order; a corrected one stays beside its correction."""
    found = {row["id"]: row for row in _rows(db, care_time, care_time.c.id, ids)}
    rows = [found[one] for one in ids if one in found]
    return [row for row in rows if row["patient_id"] == patient_id]


def _staff(db: Connection, chained: Mapping[Table, Rows], billing: str | None) -> Rows:
    """Whoever wrote, signed or bills: by name, and in which role."""
    who = {billing} | {
        row.get(column)
        for rows in chained.values()
        for row in rows
        for column in ("staff_id", "author")
    }
    columns = select(staff.c.id, staff.c.full_name, staff.c.role, staff.c.billing_role)
    rows = db.execute(columns.where(staff.c.id.in_(one for one in who if one)).order_by(staff.c.id))
    return [dict(row) for row in rows.mappings()]
