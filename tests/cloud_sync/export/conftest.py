"""A clinic with one patient's closed month, made of envelopes that a hub really signed."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Connection, insert, select

from cloud_sync import setup, stores
from cloud_sync.alerts import store as alerts
from cloud_sync.anchor import Anchor
from cloud_sync.config import ClinicConfig
from cloud_sync.contract.envelope import Envelope, parse
from cloud_sync.contract.observation import encode
from cloud_sync.export import packet, standalone
from cloud_sync.identity import keys, stamping
from cloud_sync.identity.stamping import Chosen
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Sound
from cloud_sync.ledger import (
    care_time,
    closing,
    device_details,
    devices,
    hub_keys,
    people,
    practices,
    staff,
    staff_details,
)
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import hub as hub_table, observation
from cloud_sync.opening.opener import Opener
from cloud_sync.stamping import Stamper
from tests.support import tsa
from tests.support.hubs import Hub, hub_of_keys
from tests.support.readings import DEVICE, cuff
from tests.support.seeded import PASSWORD
from tests.support.tsa import Authority

FIRST = datetime(2026, 1, 2, 14, tzinfo=UTC)
CLOSED_MS = round(datetime(2026, 2, 2, 12, tzinfo=UTC).timestamp() * 1000)
MONTH = "2026-01"
DAYS = 17


@dataclass(frozen=True, kw_only=True)
class Practice:
    """What the tests refer to."""

    config: ClinicConfig
    store: Store
    patient: str
    doctor: str
    raw: bytes  # its packet
    authority: Authority  # that stamped its checkpoint


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    made = furnished(tmp_path_factory.mktemp("export") / "clinic")
    yield made
    made.store.close()


def furnished(
    directory: Path,
    *,
    database_url: str | None = None,
    days: int = DAYS,
    alerted: bool = True,
) -> Practice:
    """A clinic with its month closed, signed, stamped and packed; `alerted`: a reading did so."""
    chosen = setup.Settings(
        name="Lakeside", zone="America/New_York", host="localhost",
        broker_port=1, worker_port=2, web_port=3, database_url=database_url,
    )  # fmt: skip
    config = setup.create(directory, chosen, FIRST)
    store = stores.open_own(config)
    patient, doctor = _people(store)
    _send(store, directory, days)
    _work(store, patient, doctor)
    if alerted:
        with store.write() as db:
            _alert(db, patient, doctor)
    with store.write() as db:
        shown = closing.close(db, patient, MONTH, author=doctor, at_ms=CLOSED_MS)
        assert shown.snapshot is not None
        digest = shown.snapshot.digest.hex()
        closing.sign(db, patient, MONTH, digest=digest, staff_id=doctor, at_ms=CLOSED_MS)
    Anchor(config, store, lambda: CLOSED_MS).take()
    authority = tsa.make(directory.parent / "tsa")
    with tsa.listening(authority) as url:
        chosen_authority = Chosen(name="constructed", url=url, trusted=authority.root_pem)
        stamping.add(directory, chosen_authority)
        (outcome,) = Stamper(config, store, lambda: CLOSED_MS).take()
    assert outcome.stamp is not None, outcome.words
    with store.read() as db:
        raw = packet.build(db, packet.load_seal(config), patient, MONTH)
    return Practice(
        config=config, store=store, patient=patient, doctor=doctor, raw=raw, authority=authority
    )


def _people(store: Store) -> tuple[str, str]:
    at_ms = round(FIRST.timestamp() * 1000) - 3_600_000
    with store.write() as db:
        doctor = staff.create(
            db, store, username="dora", full_name="Dora Doctor", role="clinician",
            billing_role="practitioner", password=PASSWORD, at_ms=at_ms,
        )  # fmt: skip
        patient = people.add_patient(
            db, name="Ida Invented", zone="America/New_York", author=doctor, at_ms=at_ms
        )
        for kind, body in (
            ("patient", {"established_on": "2020-01-01"}),
            ("orders", {"program": "RPM", "ordered_on": "2026-01-01"}),
            ("consents", {"program": "RPM", "given_on": "2026-01-01"}),
            ("episodes", {"program": "RPM", "start": "2026-01-01"}),
        ):
            people.record_fact(
                db, patient_id=patient, kind=kind, body=body, author=doctor, at_ms=at_ms
            )
        staff_details.record(
            db, doctor, {"credential": "MD", "npi": "1234567893"},
            effective_from=date(2026, 1, 1), reason="From the register", author=doctor, at_ms=at_ms,
        )  # fmt: skip
        practices.record(
            db,
            practices.Detail(
                practice=practices.MAIN, name="Lakeside Family Practice", npi="1245319599",
                address=None, effective_from=date(2026, 1, 1), reason="Opened",
                recorded_at_ms=at_ms, author=doctor,
            ),
        )  # fmt: skip
    return patient, doctor


def _send(store: Store, directory: Path, days: int) -> None:
    """One reading a day, sealed, committed and opened as at any clinic."""
    opening = keys.load_recipients(directory / "keys")
    hub: Hub = hub_of_keys(opening)
    with store.write() as db:
        db.execute(
            insert(hub_table).values(
                id=hub.id, label="kitchen", state="active", created_at_ms=1, link_up=True,
                verify_key=hub.signing.public_key().public_bytes_raw(),
            )
        )  # fmt: skip
        hub_keys.record(db, hub.id, hub.signing.public_key().public_bytes_raw(), 1)
    for number in range(1, days + 1):
        at = FIRST + timedelta(days=number - 1)
        at_ms = round(at.timestamp() * 1000)
        said = cuff(
            hub.id,
            number,
            wall_ms=at_ms,
            device_time=(at - timedelta(hours=5)).replace(tzinfo=None),
        )
        parsed = parse(hub.seal(number, encode(said), suite=1))
        assert isinstance(parsed, Envelope)
        kept.commit(store, [Sound(hub=hub.id, envelope=parsed)], at_ms + 1500)
    while Opener(store, opening, lambda: CLOSED_MS).work():
        pass


def _work(store: Store, patient: str, doctor: str) -> None:
    start_ms = round((FIRST + timedelta(days=9)).timestamp() * 1000)
    call = Work(
        activity="Call about readings",
        note="=Called the patient, pressure above goal on three mornings, cuff placed again",
        mode="phone",
        interactive=True,
    )
    with store.write() as db:
        devices.assign(
            db, device_id=DEVICE, user_slot=None, patient_id=patient,
            from_ms=round(FIRST.timestamp() * 1000) - 3_600_000, author=doctor,
            at_ms=round(FIRST.timestamp() * 1000),
        )  # fmt: skip
        device_details.record(
            db, DEVICE, {"manufacturer": "Constructed", "model": "BP-1", "serial": "0042"},
            effective_from=date(2026, 1, 1), reason="From its label", author=doctor,
            at_ms=round(FIRST.timestamp() * 1000),
        )  # fmt: skip
        care_time.start(db, staff_id=doctor, patient_id=patient, program="RPM", at_ms=start_ms)
        care_time.stop(db, staff_id=doctor, at_ms=start_ms + 21 * 60_000, work=call)


def _alert(db: Connection, patient: str, doctor: str) -> None:
    """The first reading lies above a threshold; somebody sees it, and later is done with it."""
    at_ms = round(FIRST.timestamp() * 1000) + 2_000
    alerts.set_threshold(
        db, patient_id=patient, measure="systolic", low="", high="100",
        reason="Asked for by Dr. Doctor", author=doctor, at_ms=at_ms - 1000,
    )  # fmt: skip
    first = select(observation.c.id).order_by(observation.c.measured_at_ms).limit(1)
    assert alerts.raise_fresh(db, [bytes(db.execute(first).scalar_one())], at_ms) == 1
    (raised,) = alerts.of_patient(db, patient)
    for minutes, action, note in ((5, "seen", ""), (30, "handled", "Called, cuff sat loose")):
        alerts.handle(
            db, alert_id=raised.id, patient_id=patient, action=action, note=note, author=doctor,
            at_ms=at_ms + minutes * 60_000,
        )  # fmt: skip


@pytest.fixture(scope="session")
def lone() -> Callable[[bytes], list[str]]:
    """The stand-alone verifier's word, in this process: a thousand times is too often to start."""
    module = ModuleType("lone_verifier")
    sys.modules[module.__name__] = module  # its data classes look there
    exec(compile(standalone.source(), "verify.py", "exec"), module.__dict__)
    found: Callable[[bytes], list[str]] = module.problems
    return found
