"""Many constructed patients with a month behind them: all that a month-end meets, drawn by a seed.

Readings on some days, work in both programs, group work, corrections, voids, readings of nobody,
facts that were corrected, homes in two zones. Everything chained is chained.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any

from sqlalchemy import Connection, Table, insert

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import entries, registrations, sealing, tables
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.local_time import local

MONTH, FIRST = "2026-10", date(2026, 10, 1)
BEGAN_MS = round(datetime(2026, 9, 25, 12, tzinfo=UTC).timestamp() * 1000)
FIRST_MS = round(datetime(2026, 10, 1, 12, tzinfo=UTC).timestamp() * 1000)
CLOSED_MS = round(datetime(2026, 11, 5, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
SLOT_MS = 25 * MINUTE_MS
PATIENTS_EACH = 250  # of one worker
HUB, DOCTOR = "f" * 32, "d" * 32
_BATCH = 1000
_NOTES = (
    "Went through the values of the week and agreed on two repeats",
    "Called about dizziness after the new tablet and asked the practitioner",
    "Spoke about the care plan, the refill and the blood pressure log",
)
_FILE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("patient", {"established_on": "2020-05-01", "conditions": [
        {"icd10": code, "expected_months": 12, "risk": True} for code in ("I10", "E11.9")]}),
    ("initiating_visits", {"on": "2026-09-20", "discussed": ["CCM", "RPM"]}),
    ("care_plans", {"on": "2026-09-20", "shared_with_patient": True}),
    ("orders", {"program": "RPM", "ordered_on": "2026-09-20"}),
    ("consents", {"program": "RPM", "given_on": "2026-09-20", "mode": "written"}),
    ("consents", {"program": "CCM", "given_on": "2026-09-20", "mode": "written"}),
    ("episodes", {"program": "RPM", "start": "2026-10-01", "set_up_on": "2026-10-01"}),
)  # fmt: skip


@dataclass
class _Drawn:
    """Rows of one batch, by table."""

    patient: list[dict[str, Any]]
    patient_detail: list[dict[str, Any]]
    program_fact: list[dict[str, Any]]
    assignment: list[dict[str, Any]]
    care_time: list[dict[str, Any]]
    care_time_void: list[dict[str, Any]]
    device: list[dict[str, Any]]
    observation: list[dict[str, Any]]


class _Draw:
    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._numbers = count(1)

    def name(self) -> str:
        return f"{self._chance.getrandbits(64):016x}{next(self._numbers):016x}"

    def often(self, share: float) -> bool:
        return self._chance.random() < share

    def batch(self, numbers: range) -> _Drawn:
        rows = _Drawn([], [], [], [], [], [], [], [])
        for number in numbers:
            self._patient(rows, number)
        rows.care_time.sort(key=lambda row: (row["staff_id"], row["start_ms"]))
        return rows

    def _patient(self, rows: _Drawn, number: int) -> None:
        who, device = self.name(), f"ble:{number:012x}"
        zone = "America/Denver" if self.often(0.8) else "America/New_York"
        made = {"recorded_at_ms": BEGAN_MS, "author": DOCTOR}
        rows.patient.append({"id": who, "created_at_ms": BEGAN_MS, "author": DOCTOR})
        rows.patient_detail.append(
            {"id": self.name(), "patient_id": who, "name": f"Person {number}",
             "birth_date": date(1950, 1, 1), "record_number": str(number), "zone": zone,
             "payer": "medicare", "corrects": None, **made}
        )  # fmt: skip
        for kind, body in _FILE:
            if not self.often(0.04):
                rows.program_fact += self._fact(who, kind, body)
        rows.device.append(
            {"id": device, "profile": "example/one", "kind": "blood_pressure", "label": "cuff",
             "fda_defined": not self.often(0.02), "automatic": True, "test": False,
             "first_seen_ms": BEGAN_MS}
        )  # fmt: skip
        rows.assignment.append(
            {"id": self.name(), "device_id": device, "patient_id": who, "user_slot": None,
             "assigned_from_ms": BEGAN_MS + DAY_MS, **made}
        )  # fmt: skip
        rows.observation += self._readings(who, device, zone)
        rows.care_time += self._work(rows, who, number)

    def _fact(self, who: str, kind: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        row = {"id": self.name(), "patient_id": who, "kind": kind, "body": _text(body),
               "recorded_at_ms": BEGAN_MS, "author": DOCTOR, "corrects": None}  # fmt: skip
        yield row
        if self.often(0.03):
            changed = body if self.often(0.5) else {}
            yield row | {"id": self.name(), "body": _text(changed), "corrects": row["id"],
                         "recorded_at_ms": FIRST_MS + 9 * DAY_MS}  # fmt: skip

    def _readings(self, who: str, device: str, zone: str) -> Iterator[dict[str, Any]]:
        for day in sorted(self._chance.sample(range(31), self._chance.randrange(8, 29))):
            at_ms = FIRST_MS + day * DAY_MS + self._chance.randrange(3 * 3_600_000)
            known = not self.often(0.01)
            yield {
                "device_id": device, "kind": "blood_pressure" if known else "failed_measurement",
                "measured_at_ms": at_ms, "committed_at_ms": at_ms + 2000,
                "received_at_ms": at_ms, "patient_id": who,
                "local_day": local(at_ms, zone).date() if known else None,
            }  # fmt: skip
        if self.often(0.05):
            at_ms = BEGAN_MS + 3_600_000
            yield {
                "device_id": device, "kind": "blood_pressure", "measured_at_ms": at_ms,
                "committed_at_ms": at_ms, "received_at_ms": at_ms, "patient_id": None,
                "local_day": None,
            }  # fmt: skip

    def _work(self, rows: _Drawn, who: str, number: int) -> Iterator[dict[str, Any]]:
        place = number % PATIENTS_EACH
        for week in range(self._chance.randrange(1, 5)):
            start = FIRST_MS + (week * 7 + 1) * DAY_MS + place * SLOT_MS
            end = start + self._chance.randrange(4 * 60, 24 * 60) * 1000
            group = place % 2 == 1 and self.often(0.05)
            beside = next((r for r in reversed(rows.care_time) if _pairs(r, start)), None)
            row: dict[str, Any] = {
                "id": self.name(), "patient_id": who, "staff_id": _worker(number),
                "program": "RPM" if week % 2 == 0 else "CCM", "start_ms": start, "end_ms": end,
                "activity": "review", "note": self._chance.choice(_NOTES), "interactive": True,
                "mode": "phone", "direction": None, "party": None, "patients": 1,
                "measured": True, "entered_at_ms": end, "corrects": None,
            }  # fmt: skip
            if (
                group and beside is not None and beside["corrects"] is None
            ):  # the one before takes part: the same span for both
                beside["patients"] = row["patients"] = 2
                row |= {"start_ms": beside["start_ms"], "end_ms": beside["end_ms"]}
                row |= {"program": beside["program"]}
            yield row
            if row["patients"] == 1 and self.often(0.03):
                yield row | {"id": self.name(), "end_ms": end - MINUTE_MS,
                             "entered_at_ms": end + DAY_MS, "corrects": row["id"]}  # fmt: skip
            elif self.often(0.02):
                rows.care_time_void.append(
                    {"care_time_id": row["id"], "reason": "Entered for another patient",
                     "voided_at_ms": row["entered_at_ms"] + DAY_MS, "author": DOCTOR}
                )  # fmt: skip


def fill(store: Store, patients: int, *, seed: int, plaintext_bytes: int = 330) -> None:
    """This many patients, workers and their month, in a database that has the schema."""
    draw = _Draw(seed)
    with store.write() as db:
        _practice(db, patients)
    for start in range(0, patients, _BATCH):
        rows = draw.batch(range(start, min(patients, start + _BATCH)))
        with store.write() as db:
            _write(db, rows, draw, bytes(plaintext_bytes))


def _practice(db: Connection, patients: int) -> None:
    for name in (DOCTOR, *(_worker(n) for n in range(0, patients, PATIENTS_EACH))):
        role = "practitioner" if name == DOCTOR else "clinical_staff"
        values = {"username": name, "full_name": "A Worker", "role": "clinician"}
        db.execute(
            insert(tables.staff).values(
                id=name, billing_role=role, password_hash="", created_at_ms=BEGAN_MS, **values
            )
        )
        registrations.record_account(db, name, author=DOCTOR)
    db.execute(
        insert(tables.hub).values(id=HUB, label="hub", state="active", created_at_ms=BEGAN_MS)
    )


def _write(db: Connection, rows: _Drawn, draw: _Draw, plaintext: bytes) -> None:
    db.execute(insert(tables.device), rows.device)
    heard = [row["id"] for row in rows.device]
    registrations.record_devices(db, heard, author=registrations.OPENER)
    for table in ("patient", "patient_detail", "program_fact", "assignment"):
        _chain(db, table, getattr(rows, table))
    # A correction follows what it corrects, and a void too: the database looks.
    _chain(db, "care_time", [row for row in rows.care_time if row["corrects"] is None])
    _chain(db, "care_time", [row for row in rows.care_time if row["corrects"] is not None])
    _chain(db, "care_time_void", rows.care_time_void)
    body = draw.name().encode()
    sealed = sha256(body).digest()
    came = {
        "id": sealed, "hub_id": HUB, "epoch": 1, "seq": int.from_bytes(sealed[:4]), "suite": 1,
        "key_id": 1, "body": body, "committed_at_ms": BEGAN_MS,
    }  # fmt: skip
    _sent(db, tables.envelope, [came])
    same = {"envelope_id": sealed, "hub_id": HUB, "plaintext": plaintext,
            "measured_method": "device", "uncertainty_ms": 60_000}  # fmt: skip
    named = [{"id": bytes.fromhex(draw.name() * 2), **same, **row} for row in rows.observation]
    _sent(db, tables.observation, named)


def _sent(db: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    db.execute(insert(table), sealing.sealed(db, table, rows))


def _chain(db: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        found = tables.metadata.tables[table]
        entries.add_all(db, found, rows, author=DOCTOR, at_ms=BEGAN_MS)


def _pairs(row: dict[str, Any], start_ms: int) -> bool:
    """The entry of the slot before, if it is one patient's and stands."""
    return bool(row["start_ms"] == start_ms - SLOT_MS and row["patients"] == 1)


def _worker(number: int) -> str:
    return f"{number // PATIENTS_EACH:032x}"


def _text(body: dict[str, Any]) -> str:
    return canonical(body).decode()
