"""A clinic database with two patients, two workers, a cuff; and short ways to add to it."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Table, insert

from cloud_sync.ledger import sealing, tables
from cloud_sync.ledger.engine import Store

ANN, BOB = "a" * 32, "b" * 32
NURSE, DOCTOR = "c" * 32, "d" * 32
CUFF = "ble:c0ffee000001"
NOTE = "Went through the values of the week and agreed on two repeats"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def put(store: Store, table: Table, **values: Any) -> None:
    with store.write() as db:
        (row,) = sealing.sealed(db, table, [sealing.salted(db, table, values)])
        db.execute(insert(table).values(row))


def people(store: Store, *, automatic: bool = True) -> None:
    long_ago = ms("2026-01-01T00:00:00+00:00")
    for patient_id in (ANN, BOB):
        put(store, tables.patient, id=patient_id, created_at_ms=long_ago, author=NURSE)
        put(
            store,
            tables.patient_detail,
            id=patient_id[0] * 31 + "1",
            patient_id=patient_id,
            name="A Person",
            zone="America/New_York",
            payer="medicare",
            recorded_at_ms=long_ago,
            author=NURSE,
        )
    for staff_id, role in ((NURSE, "clinical_staff"), (DOCTOR, "practitioner")):
        put(
            store,
            tables.staff,
            id=staff_id,
            username=role,
            full_name="A Worker",
            role="clinician",
            billing_role=role,
            password_hash="",
            created_at_ms=long_ago,
        )
    put(
        store,
        tables.device,
        id=CUFF,
        profile="acme/bp-100",
        kind="blood_pressure",
        label="cuff",
        fda_defined=True,
        automatic=automatic,
        test=False,
        first_seen_ms=long_ago,
    )
    put(store, tables.hub, id="f" * 32, label="hub", state="active", created_at_ms=long_ago)


def assign(store: Store, patient_id: str, start: str, end: str | None = None) -> None:
    key = f"{patient_id[0]}{ms(start):031x}"
    put(
        store,
        tables.assignment,
        id=key,
        device_id=CUFF,
        patient_id=patient_id,
        assigned_from_ms=ms(start),
        recorded_at_ms=ms(start),
        author=NURSE,
    )
    if end is not None:
        put(
            store,
            tables.assignment_end,
            assignment_id=key,
            assigned_to_ms=ms(end),
            recorded_at_ms=ms(end),
            author=NURSE,
        )


def observe(
    store: Store,
    measured: str | None,
    *,
    patient_id: str | None = ANN,
    kind: str = "blood_pressure",
    committed: str | None = None,
    day_is_known: bool = True,
) -> None:
    at_ms = ms(measured) if measured else None
    committed_ms = ms(committed) if committed else (at_ms or 0) + 1000
    with store.read() as db:
        number = len(db.execute(tables.observation.select()).all())
    key = number.to_bytes(32, "big")
    put(
        store,
        tables.envelope,
        id=key,
        hub_id="f" * 32,
        epoch=1,
        seq=number,
        suite=1,
        key_id=1,
        body=b"",
        committed_at_ms=committed_ms,
    )
    put(
        store,
        tables.observation,
        id=key,
        envelope_id=key,
        hub_id="f" * 32,
        device_id=CUFF,
        kind=kind,
        plaintext=b"",
        received_at_ms=committed_ms,
        committed_at_ms=committed_ms,
        measured_at_ms=at_ms,
        measured_method="device",
        uncertainty_ms=60_000 if day_is_known else None,
        patient_id=patient_id,
        local_day=datetime.fromisoformat(measured).date()
        if measured and patient_id and day_is_known
        else None,
    )


def fact(store: Store, kind: str, body: Any, at: str, corrects: str | None = None) -> str:
    with store.read() as db:
        key = f"{len(db.execute(tables.program_fact.select()).all()):032x}"
    put(
        store,
        tables.program_fact,
        id=key,
        patient_id=ANN,
        kind=kind,
        body=msgspec.json.encode(body).decode(),
        recorded_at_ms=ms(at),
        author=NURSE,
        corrects=corrects,
    )
    return key


def work(store: Store, start: str, end: str, **keys: Any) -> str:
    with store.read() as db:
        key = f"{len(db.execute(tables.care_time.select()).all()):032x}"
    values: dict[str, Any] = {
        "patient_id": ANN,
        "staff_id": NURSE,
        "program": "RPM",
        "activity": "review",
        "note": NOTE,
        "interactive": True,
        "mode": "phone",
        "measured": True,
        "entered_at_ms": ms(end),
    }
    put(
        store,
        tables.care_time,
        id=key,
        start_ms=ms(start),
        end_ms=ms(end),
        **(values | keys),
    )
    return key
