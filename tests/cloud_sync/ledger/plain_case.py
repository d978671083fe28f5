"""A patient's case file made the plain way: all rows of the tables in memory, loops over them.

A second opinion on `cloud_sync.ledger.casefile`, as `tests/spec/second` is on the rules. When an
observation was measured is taken as stored; whose it is, is asked of the assignments.
"""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from cloud_sync.ledger import tables

Row = dict[str, Any]
MEASURED = {
    "blood_pressure": "measurement",
    "failed_measurement": "failed",
}  # what the histories have


def plain_case(db: Connection, patient: str, now_ms: int) -> Row:
    """Everything known now; nothing is asked of the past."""
    rows = {table.name: _rows(db, table) for table in TABLES}
    detail = _standing(rows["patient_detail"], patient)[-1]
    zone = ZoneInfo(detail["zone"])
    facts = [fact for fact in _standing(rows["program_fact"], patient) if fact["body"] != "{}"]
    billing = _billing(facts, rows["staff"])
    case: Row = {
        "id": patient,
        "as_of": _text(now_ms),
        "defaults": False,
        "settings": {"time_zone": detail["zone"]},
        "patient": {"payer": detail["payer"]},
        "devices": _devices(rows, patient, zone),
        "readings": _readings(rows, patient, zone),
        "time": _time(rows, patient, billing),
        "staff": [{"id": one["id"], "role": one["billing_role"]} for one in rows["staff"]],
    }
    settings = sorted(
        rows["practice_setting"],
        key=lambda one: (one["effective_from_ms"], one["recorded_at_ms"], one["id"]),
    )
    for change in settings:
        if change["effective_from_ms"] <= now_ms:
            case["settings"][change["name"]] = json.loads(change["value"])
    for fact in facts:
        body = json.loads(fact["body"])
        if fact["kind"] == "patient":
            case["patient"].update(body)
        elif fact["kind"] != "billing_practitioner":
            if body.get("practitioner") == billing:
                body["practitioner"] = "P1"
            case.setdefault(fact["kind"], []).append(body)
    return case


TABLES = (
    tables.patient_detail,
    tables.program_fact,
    tables.assignment,
    tables.assignment_end,
    tables.device,
    tables.observation,
    tables.care_time,
    tables.care_time_void,
    tables.staff,
    tables.practice_setting,
)


def _rows(db: Connection, table: Any) -> list[Row]:
    return [dict(row) for row in db.execute(select(table)).mappings()]


def _standing(rows: list[Row], patient: str) -> list[Row]:
    """The patient's rows that no other corrects, in the order they were recorded."""
    corrected = {row["corrects"] for row in rows}
    own = [row for row in rows if row["patient_id"] == patient and row["id"] not in corrected]
    return sorted(own, key=lambda row: (row["recorded_at_ms"], row["id"]))


def _billing(facts: list[Row], staff: list[Row]) -> str | None:
    named = [json.loads(f["body"])["staff"] for f in facts if f["kind"] == "billing_practitioner"]
    practitioners = [one["id"] for one in staff if one["billing_role"] == "practitioner"]
    if named:
        return str(named[-1])
    return practitioners[0] if len(practitioners) == 1 else None


def _devices(rows: dict[str, list[Row]], patient: str, zone: ZoneInfo) -> list[Row]:
    known = {one["id"]: one for one in rows["device"]}
    return [
        {
            "id": lent["device_id"],
            "fda_defined": known[lent["device_id"]]["fda_defined"],
            "automatic": known[lent["device_id"]]["automatic"],
            "test": known[lent["device_id"]]["test"],
            "assigned_from": _day(lent["assigned_from_ms"], zone),
            "assigned_to": None if lent["to_ms"] is None else _day(lent["to_ms"], zone),
        }
        for lent in _lendings(rows)
        if lent["patient_id"] == patient
    ]


def _lendings(rows: dict[str, list[Row]]) -> list[Row]:
    ends = {end["assignment_id"]: end["assigned_to_ms"] for end in rows["assignment_end"]}
    found = [lent | {"to_ms": ends.get(lent["id"])} for lent in rows["assignment"]]
    return sorted(found, key=lambda lent: (lent["assigned_from_ms"], lent["id"]))


def _readings(rows: dict[str, list[Row]], patient: str, zone: ZoneInfo) -> list[Row]:
    found = []
    lendings = _lendings(rows)
    own_devices = {lent["device_id"] for lent in lendings if lent["patient_id"] == patient}
    for seen in rows["observation"]:
        at_ms = seen["measured_at_ms"]
        holders = {
            lent["patient_id"]
            for lent in lendings
            if lent["device_id"] == seen["device_id"]
            and lent["assigned_from_ms"] <= at_ms
            and (lent["to_ms"] is None or at_ms < lent["to_ms"])
        }
        assert len(holders) <= 1, "a device has one holder at a time"
        ours = patient in holders and seen["local_day"] is not None
        nobodys = not holders and seen["device_id"] in own_devices
        nobodys = nobodys and seen["uncertainty_ms"] is not None
        if ours or (nobodys and not _on_lent_dates(seen, lendings, patient, zone)):
            found.append(
                {
                    "device": seen["device_id"],
                    "measured_at": _text(at_ms),
                    "received_at": _text(seen["committed_at_ms"]),
                    "result": MEASURED[seen["kind"]],
                }
            )
    return found


def _on_lent_dates(seen: Row, lendings: list[Row], patient: str, zone: ZoneInfo) -> bool:
    """Within whole assignment dates it would look like this patient's, which it is not."""
    day = _day(seen["measured_at_ms"], zone)
    return any(
        _day(lent["assigned_from_ms"], zone) <= day
        and (lent["to_ms"] is None or day <= _day(lent["to_ms"], zone))
        for lent in lendings
        if lent["patient_id"] == patient and lent["device_id"] == seen["device_id"]
    )


def _time(rows: dict[str, list[Row]], patient: str, billing: str | None) -> list[Row]:
    corrected = {one["corrects"] for one in rows["care_time"]}
    gone = corrected | {one["care_time_id"] for one in rows["care_time_void"]}
    found = []
    for one in rows["care_time"]:
        if one["id"] in gone:
            continue
        entry = {
            "program": one["program"],
            "start": _text(one["start_ms"]),
            "end": _text(one["end_ms"]),
            "entered_at": _text(one["entered_at_ms"]),
            "staff": "P1" if one["staff_id"] == billing else one["staff_id"],
            "patients": one["patients"],
        }
        if one["patient_id"] == patient:
            entry |= {key: one[key] for key in ("note", "interactive", "mode")}
        else:
            entry["other_patient"] = True
        found.append(entry)
    return found


def _text(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _day(at_ms: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at_ms / 1000, zone).date().isoformat()
