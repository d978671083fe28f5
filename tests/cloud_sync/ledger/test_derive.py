from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

from cloud_sync.contract.observation import Observation, encode
from cloud_sync.contract.readings import Glucose
from cloud_sync.ledger import derive, observations
from cloud_sync.ledger.derive import Holder
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.observations import Record
from cloud_sync.ledger.registrations import OPENER
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    envelope,
    hub,
    observation,
    patient,
    patient_detail,
)
from tests.support.readings import DEVICE, WALL_MS, cuff

HUB, STAFF = "0f" * 16, "ee" * 16
ANNA, BERT = "a0" * 16, "b0" * 16
DAY_MS = 86_400_000
NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


def store_reading(db: Connection, store: Store, said: Observation, seq: int = 1) -> None:
    envelope_id = seq.to_bytes(32, "big")
    db.execute(
        envelope.insert().values(
            id=envelope_id,
            hub_id=HUB,
            epoch=1,
            seq=seq,
            suite=2,
            key_id=1,
            body=b"",
            committed_at_ms=WALL_MS,
        )
    )
    observations.register_device(db, store, said, WALL_MS, author=OPENER)
    record = Record(
        said=said,
        plaintext=encode(said),
        envelope_id=envelope_id,
        hub_id=HUB,
        committed_at_ms=WALL_MS,
    )
    assert observations.add(db, store, record, derive.holders(db, said.frame.device), at_ms=0)


def add_patient(db: Connection, identity: str, zone: str = NEW_YORK) -> None:
    db.execute(patient.insert().values(id=identity, created_at_ms=1, author=STAFF))
    add_detail(db, identity, zone, identity[::-1], at_ms=1)


def add_detail(
    db: Connection,
    patient_id: str,
    zone: str,
    identity: str,
    *,
    at_ms: int,
    corrects: str | None = None,
) -> None:
    db.execute(
        patient_detail.insert().values(
            id=identity,
            patient_id=patient_id,
            name="Test",
            zone=zone,
            payer="medicare",
            recorded_at_ms=at_ms,
            author=STAFF,
            corrects=corrects,
        )
    )


def assign(
    db: Connection, patient_id: str, from_ms: int, to_ms: int | None = None, slot: int | None = None
) -> int:
    identity = f"{from_ms:031d}{slot or 0}"
    db.execute(
        assignment.insert().values(
            id=identity,
            device_id=DEVICE,
            user_slot=slot,
            patient_id=patient_id,
            assigned_from_ms=from_ms,
            recorded_at_ms=from_ms,
            author=STAFF,
        )
    )
    if to_ms is not None:
        db.execute(
            assignment_end.insert().values(
                assignment_id=identity, assigned_to_ms=to_ms, recorded_at_ms=to_ms, author=STAFF
            )
        )
    return derive.rederive(db, DEVICE)


def row(db: Connection) -> Any:
    return db.execute(select(observation)).one()


@pytest.fixture
def kept(store: Store) -> Store:
    """A ledger with one hub, two patients and one reading of 09:31 that nobody owns yet."""
    with store.write() as db:
        db.execute(
            hub.insert().values(id=HUB, label="h", state="active", created_at_ms=1, link_up=False)
        )
        add_patient(db, ANNA)
        add_patient(db, BERT)
        store_reading(db, store, cuff(HUB))
    return store


def test_a_reading_of_an_unassigned_device_is_held(kept: Store) -> None:
    with kept.read() as db:
        found = row(db)
    assert (found.patient_id, found.local_day) == (None, None)


def test_a_later_assignment_claims_the_reading_and_its_day(kept: Store) -> None:
    with kept.write() as db:
        assert assign(db, ANNA, WALL_MS - DAY_MS) == 1
        found = row(db)
        assert derive.rederive(db, DEVICE) == 0, "deriving again changes nothing"
    assert (found.patient_id, found.local_day) == (ANNA, date(2026, 3, 4))
    assert (found.measured_at_ms, found.measured_method) == (WALL_MS - 60_000, "device")


def test_the_moment_of_measurement_decides_between_two_holders(kept: Store) -> None:
    with kept.write() as db:
        assign(db, ANNA, WALL_MS - DAY_MS, WALL_MS - 30_000)
        assign(db, BERT, WALL_MS - 30_000)
        found = row(db)
    assert found.patient_id == ANNA, "measured at 09:31, received at 09:32"


def test_a_new_reading_finds_its_holder_at_once(kept: Store) -> None:
    with kept.write() as db:
        assign(db, ANNA, WALL_MS - DAY_MS)
        store_reading(db, kept, cuff(HUB, 2), seq=2)
        owners = db.scalars(select(observation.c.patient_id)).all()
    assert owners == [ANNA, ANNA]


def test_a_user_slot_belongs_to_its_own_patient(store: Store) -> None:
    with store.write() as db:
        db.execute(
            hub.insert().values(id=HUB, label="h", state="active", created_at_ms=1, link_up=False)
        )
        add_patient(db, ANNA)
        add_patient(db, BERT)
        for number, user in ((1, 1), (2, 2), (3, 3)):
            store_reading(db, store, cuff(HUB, number, user=user), seq=number)
        assign(db, ANNA, WALL_MS - DAY_MS, slot=1)
        assign(db, BERT, WALL_MS - DAY_MS, slot=2)
        owners = {r.user_slot: r.patient_id for r in db.execute(select(observation))}
    assert owners == {1: ANNA, 2: BERT, 3: None}, "an unassigned user's readings are held"


def test_a_corrected_zone_moves_the_day(kept: Store) -> None:
    with kept.write() as db:
        assign(db, ANNA, WALL_MS - DAY_MS)
        add_detail(db, ANNA, TOKYO, "f" * 32, at_ms=2, corrects=ANNA[::-1])
        assert derive.rederive(db, DEVICE) == 1
        found = row(db)
    # 09:31 in Tokyo was 00:31 in London, the same date there.
    assert found.measured_at_ms == int(
        datetime(2026, 3, 4, 0, 31, tzinfo=ZoneInfo("UTC")).timestamp() * 1000
    )
    assert found.local_day == date(2026, 3, 4)


def test_a_reading_of_unknown_time_is_nobodys_where_the_device_changed_hands() -> None:
    said = cuff(HUB, 7, device_time=datetime.fromisoformat("1970-01-01"))
    anna, bert = (
        Holder(patient_id=p, user_slot=None, from_ms=0, to_ms=None, zone=ZoneInfo(NEW_YORK))
        for p in (ANNA, BERT)
    )
    alone = derive.derived(said, WALL_MS, [anna])
    assert (alone["patient_id"], alone["local_day"], alone["measured_method"]) == (
        ANNA,
        None,
        "estimate",
    )
    assert derive.derived(said, WALL_MS, [bert, anna])["patient_id"] is None


def test_a_glucose_records_time_is_its_base_time_and_offset() -> None:
    outcome = Glucose(
        value=None,
        unit="mg/dL",
        flags=(),
        sequence=4,
        base_time=datetime.fromisoformat("2026-03-04T09:00"),
        time_offset_minutes=31,
    )
    assert derive.device_time(cuff(HUB, outcome=outcome)) == datetime.fromisoformat(
        "2026-03-04T09:31"
    )
    endless = Glucose(
        value=None,
        unit="mg/dL",
        flags=(),
        base_time=datetime.fromisoformat("9999-12-31"),
        time_offset_minutes=10**9,
    )
    assert derive.device_time(cuff(HUB, outcome=endless)) is None
