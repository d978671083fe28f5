"""A clinic with constructed people, devices and readings, for tests that look at pages."""

import hashlib
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert

from cloud_sync import stores
from cloud_sync.config import ClinicConfig
from cloud_sync.contract import observation as contract
from cloud_sync.contract.observation import ClockError, Frame, Received
from cloud_sync.contract.readings import BloodPressure, FailedMeasurement, Glucose, Outcome
from cloud_sync.ledger import devices, people, registrations, sealing, staff
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.local_time import local, to_ms
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.tables import device, envelope, hub, observation

ZONE = "America/Denver"
NOW_MS = to_ms(datetime(2026, 11, 24, 9, 30, tzinfo=ZoneInfo(ZONE)))
DAY_MS = 86_400_000
HUB = "a" * 32
CUFF, METER, SPARE = "ble:0000000000c1", "ble:0000000000c2", "ble:0000000000c3"
PASSWORD = "correct horse battery staple"
NURSE = "nia"


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self, at_ms: int = NOW_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        return self.at_ms

    def advance(self, **span: float) -> None:
        """Let so much time pass."""
        self.at_ms += round(timedelta(**span).total_seconds() * 1000)


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """What tests refer to."""

    store: Store
    config: ClinicConfig
    clock: Hand
    staff: dict[str, str]  # role -> id; the user name is the role, the nurse's is NURSE
    patient: str
    other: str


def config_for(directory: Path) -> ClinicConfig:
    """Settings of a clinic that listens nowhere."""
    return ClinicConfig(
        directory=directory,
        clinic_id="c" * 32,
        name="Juniper Family Practice",
        zone=ZONE,
        host="127.0.0.1",
        broker_port=0,
        worker_port=0,
        web_port=0,
        local_web_port=None,
        database_url=f"sqlite:///{directory / 'clinic.db'}",
    )


def open_empty(directory: Path) -> Store:
    """A database with the schema and nothing in it; what is personal will be sealed in it."""
    (directory / "keys").mkdir(exist_ok=True)
    store = stores.open_own(config_for(directory))
    upgrade(store)
    return store


def add_staff(store: Store, *, roles: tuple[str, ...] = staff.ROLES) -> dict[str, str]:
    """One account a role; the password is the same."""
    names = {"clinician": (NURSE, "Nia Okafor RN"), "admin": ("ada", "Ada Lindqvist")}
    found = {}
    with store.write() as db:
        for role in roles:
            username, full_name = names.get(role, (role, f"{role.capitalize()} Example"))
            found[role] = staff.create(
                db,
                store,
                username=username,
                full_name=full_name,
                role=role,
                billing_role="clinical_staff" if role == "clinician" else "non_clinical",
                password=PASSWORD,
                at_ms=NOW_MS,
            )
    return found


def add_device(db: Connection, device_id: str, kind: str, label: str) -> None:
    """As the opener does at a device's first reading."""
    db.execute(
        insert(device).values(
            id=device_id,
            profile="example/one",
            kind=kind,
            label=label,
            fda_defined=True,
            automatic=True,
            test=False,
            first_seen_ms=NOW_MS,
        )
    )
    registrations.record_devices(db, [device_id], author=registrations.OPENER)


def add_reading(
    db: Connection, device_id: str, outcome: Outcome, at_ms: int, *, held_ms: int = 1400
) -> bytes:
    """One observation as the opener stores it, not yet anybody's; returns its id."""
    shown = local(at_ms, ZONE).replace(tzinfo=None)
    frame = Frame(
        device=device_id,
        profile="example/one",
        channel="2A35",
        raw=at_ms.to_bytes(8) + device_id.encode(),
        received=Received(wall_ms=at_ms, boot="b" * 8, monotonic_ms=1000, synchronised=True),
        arrival=1,
        clock=ClockError(device_time=shown, wall_ms=at_ms, written=True, read_back=shown),
    )
    seen = contract.observe(HUB, frame, outcome, "test")
    identity = bytes.fromhex(seen.id)
    sealed = hashlib.sha256(identity).digest()
    came = {
        "id": sealed,
        "hub_id": HUB,
        "epoch": 1,
        "seq": int.from_bytes(sealed[:6]),
        "suite": 1,
        "key_id": 1,
        "body": b"sealed",
        "committed_at_ms": at_ms + held_ms,
    }
    said = {
        "id": identity,
        "envelope_id": sealed,
        "hub_id": HUB,
        "device_id": device_id,
        "user_slot": getattr(outcome, "user", None),
        "kind": kind_of(outcome),
        "plaintext": contract.encode(seen),
        "received_at_ms": at_ms,
        "committed_at_ms": at_ms + held_ms,
        "measured_at_ms": at_ms,
        "measured_method": "device",
        "uncertainty_ms": 5000,
    }
    for table, row in ((envelope, came), (observation, said)):
        db.execute(insert(table), sealing.sealed(db, table, [row]))
    return identity


def kind_of(outcome: Outcome) -> str:
    """The outcome's tag."""
    return str(type(outcome).__struct_config__.tag)


def pressure(systolic: int, diastolic: int, *flags: str, at: datetime) -> BloodPressure:
    """A cuff's reading."""
    return BloodPressure(
        systolic=Decimal(systolic),
        diastolic=Decimal(diastolic),
        unit="mmHg",
        flags=flags,
        pulse_bpm=Decimal(60 + systolic % 20),
        device_time=at,
    )


def sugar(value: str, *, at: datetime) -> Glucose:
    """A glucometer's reading."""
    return Glucose(value=Decimal(value), unit="mg/dL", flags=(), device_time=at, meal="fasting")


def build(directory: Path) -> Seeded:
    """Thirteen days of a cuff and a meter for one patient; another has nothing; a spare waits."""
    store = open_empty(directory)
    accounts = add_staff(store)
    author = accounts["admin"]
    with store.write() as db:
        db.execute(
            insert(hub).values(
                id=HUB,
                label="H-0042",
                state="active",
                created_at_ms=NOW_MS - 40 * DAY_MS,
                enrolled_at_ms=NOW_MS - 40 * DAY_MS,
                state_at_ms=NOW_MS - 60_000,
                link_up=True,
            )
        )
        add_device(db, CUFF, "blood_pressure", "Upper-arm cuff")
        add_device(db, METER, "glucose", "Glucometer")
        add_device(db, SPARE, "blood_pressure", "Spare cuff")
        first = _person(db, "Rosa Alvarez", "MR-1001", author)
        second = _person(db, "Walter Nguyen", "MR-1002", author)
        _readings(db)
        put_on_file(db, first, author)
        for one in (CUFF, METER):
            devices.assign(
                db,
                device_id=one,
                user_slot=None,
                patient_id=first,
                from_ms=NOW_MS - 60 * DAY_MS,
                author=author,
                at_ms=NOW_MS,
            )
    return Seeded(
        store=store,
        config=config_for(directory),
        clock=Hand(),
        staff=accounts,
        patient=first,
        other=second,
    )


def _person(db: Connection, name: str, number: str, author: str) -> str:
    return people.add_patient(
        db,
        name=name,
        zone=ZONE,
        author=author,
        at_ms=NOW_MS - 40 * DAY_MS,
        birth_date=datetime(1951, 4, 9, tzinfo=ZoneInfo(ZONE)).date(),
        record_number=number,
    )


def put_on_file(db: Connection, patient: str, author: str) -> None:
    """All that days and minutes need to count."""
    entries: tuple[tuple[str, dict[str, object]], ...] = (
        ("patient", {"established_on": "2020-05-01", "conditions": _conditions("I10", "E11.9")}),
        ("initiating_visits", {"on": "2026-10-20", "discussed": ["CCM"]}),
        ("care_plans", {"on": "2026-10-20", "shared_with_patient": True}),
        ("orders", {"program": "RPM", "ordered_on": "2026-10-20"}),
        ("consents", {"program": "RPM", "given_on": "2026-10-20", "mode": "written"}),
        ("consents", {"program": "CCM", "given_on": "2026-10-20", "mode": "written"}),
        ("episodes", {"program": "RPM", "start": "2026-11-01", "set_up_on": "2026-11-02"}),
    )
    for kind, body in entries:
        people.record_fact(
            db, patient_id=patient, kind=kind, body=body, author=author, at_ms=NOW_MS - DAY_MS
        )


def _conditions(*codes: str) -> list[dict[str, object]]:
    return [{"icd10": code, "expected_months": 12, "risk": True} for code in codes]


def _readings(db: Connection) -> None:
    chance = random.Random(7)
    start = datetime(2026, 11, 8, 7, 40, tzinfo=ZoneInfo(ZONE))
    for number in (0, 1, 2, 3, 5, 6, 7, 9, 10, 12, 13, 14, 15):
        at = start + timedelta(days=number, minutes=chance.randrange(50))
        systolic, diastolic = 126 + chance.randrange(24), 76 + chance.randrange(14)
        flags = ("irregular_pulse",) if number == 9 else ()
        naive = at.replace(tzinfo=None)
        add_reading(db, CUFF, pressure(systolic, diastolic, *flags, at=naive), to_ms(at))
        later = at + timedelta(minutes=9)
        value = f"{104 + chance.randrange(50)}"
        add_reading(db, METER, sugar(value, at=later.replace(tzinfo=None)), to_ms(later))
    failed = start + timedelta(days=15, hours=3)
    attempt = FailedMeasurement(
        of="blood_pressure", flags=("cuff_loose",), device_time=failed.replace(tzinfo=None)
    )
    add_reading(db, CUFF, attempt, to_ms(failed))
    spare = NOW_MS - 3 * 3_600_000
    naive = local(spare, ZONE).replace(tzinfo=None)
    add_reading(db, SPARE, pressure(133, 81, at=naive), spare, held_ms=7_200_000)
