"""A practice's people and hub, and its facts put into an empty database in another order."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

from sqlalchemy import Connection, Table, select

from cloud_sync.contract.observation import Observation, decode, encode
from cloud_sync.ledger import derive, devices, observations, registrations, tables
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.registrations import OPENER

HUB = "0f" * 16
WORKERS = {
    "1a" * 16: "clinical_staff",
    "2b" * 16: "clinical_staff",
    "3c" * 16: "practitioner",
    "4d" * 16: "practitioner",
    "5e" * 16: "non_clinical",
}
NURSE = next(iter(WORKERS))
START = datetime(2025, 12, 10, tzinfo=UTC)
FACTS = (
    tables.patient_detail,
    tables.assignment,
    tables.assignment_end,
    tables.program_fact,
    tables.care_time,
    tables.care_time_void,
    tables.practice_setting,
)


def staff_and_hub(db: Connection) -> None:
    long_ago = int(START.timestamp() * 1000)
    for number, (worker, role) in enumerate(WORKERS.items()):
        db.execute(
            tables.staff.insert(),
            {
                "id": worker,
                "username": f"worker{number}",
                "full_name": f"Worker {number}",
                "role": "clinician",
                "billing_role": role,
                "password_hash": "",
                "created_at_ms": long_ago,
            },
        )
        registrations.record_account(db, worker, author=worker)
    hub = {"id": HUB, "label": "hub", "state": "active", "created_at_ms": long_ago}
    db.execute(tables.hub.insert(), hub | {"link_up": False})


def take_in(db: Connection, store: Store, said: Observation, envelope_id: Any, at_ms: int) -> None:
    """As ingest does: know the device, find its holder, derive, insert."""
    observations.register_device(db, store, said, at_ms, author=OPENER)
    record = observations.Record(
        said=said,
        plaintext=encode(said),
        envelope_id=envelope_id,
        hub_id=HUB,
        committed_at_ms=at_ms,
    )
    known = derive.holders(db, said.frame.device)
    assert observations.add(db, store, record, known, at_ms=at_ms)


def copied(old: Store, new: Store, random: Random) -> None:
    """The facts of one database in an empty one, in a random order, each derived as it comes."""
    with old.read() as db:
        loads = list(_loads(db, new))
    with new.write() as db:
        staff_and_hub(db)
        with old.read() as source:
            for table in (tables.patient, tables.device, tables.envelope):
                rows = _rows(source, table)
                random.shuffle(rows)
                db.execute(table.insert(), rows)
                if table is tables.device:
                    ids = [row["id"] for row in rows]
                    registrations.record_devices(db, ids, author=OPENER)
        random.shuffle(loads)
        for load in in_turn(loads):
            load(db)


def in_turn(loads: list["_Fact | _Seen"]) -> list["_Fact | _Seen"]:
    """Shuffled as they are, but what names an earlier row comes after it.

    The database itself sees to it that time is corrected and taken out in the order of the facts.
    """
    ordered = sorted(loads, key=lambda load: load.turn)
    places = [place for place, load in enumerate(ordered) if load.made_ms is not None]
    in_order = sorted((ordered[place] for place in places), key=lambda load: load.made_ms or 0)
    for place, load in zip(places, in_order, strict=True):
        ordered[place] = load
    return ordered


def _loads(db: Connection, store: Store) -> Iterator["_Fact | _Seen"]:
    for table in FACTS:
        for row in _rows(db, table):
            yield _Fact(table, row)
    for row in _rows(db, tables.observation):
        yield _Seen(store, row)


class _Fact:
    """One fact; an assignment, its end, or a zone derives the device's readings anew."""

    def __init__(self, table: Table, row: dict[str, Any]) -> None:
        self.table, self.row = table, row
        self.turn = 1
        if table is tables.patient_detail and row["corrects"] is None:
            self.turn = 0  # a patient is never without details
        elif table is tables.assignment_end:
            self.turn = 2
        self.made_ms: int | None = row.get("entered_at_ms", row.get("voided_at_ms"))

    def __call__(self, db: Connection) -> None:
        db.execute(self.table.insert(), self.row)
        if self.table is tables.assignment:
            derive.rederive(db, self.row["device_id"])
        elif self.table is tables.assignment_end:
            lent = tables.assignment.c
            device = select(lent.device_id).where(lent.id == self.row["assignment_id"])
            derive.rederive(db, db.execute(device).scalar_one())
        elif self.table is tables.patient_detail:
            devices.rederive_patient(db, self.row["patient_id"])


class _Seen:
    """One observation, of which only what the hub sent and when it was committed is taken over."""

    def __init__(self, store: Store, row: dict[str, Any]) -> None:
        self.store, self.row = store, row
        self.turn, self.made_ms = 1, None

    def __call__(self, db: Connection) -> None:
        said = decode(self.row["plaintext"])
        assert said is not None
        take_in(db, self.store, said, self.row["envelope_id"], self.row["committed_at_ms"])


def _rows(db: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute(select(table)).mappings()]
