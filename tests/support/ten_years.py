"""A practice that serves Ida in 2026 alone, and Bo in 2026 and again in 2033."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from cloud_sync import eraser, setup, stores
from cloud_sync.config import ClinicConfig
from cloud_sync.contract.envelope import Envelope, parse
from cloud_sync.contract.observation import encode
from cloud_sync.identity import keys
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Sound as SoundEnvelope
from cloud_sync.ledger import (
    care_time,
    closing,
    devices,
    people,
    staff,
    tables,
)
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.erasing import Approved
from cloud_sync.opening.opener import Opener
from tests.support.hubs import hub_of_keys
from tests.support.readings import cuff
from tests.support.seeded import PASSWORD

FIRST = datetime(2026, 3, 4, 14, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")
LATER = datetime(2033, 3, 4, 14, tzinfo=UTC)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


AT = ms(datetime(2036, 6, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class World:
    """Ida was served in 2026 alone, Bo in 2026 and again in 2033."""

    config: ClinicConfig
    store: Store
    doctor: str
    ida: str
    bo: str

    def erase(self, at_ms: int = AT) -> bytes:
        approved = Approved(by="Dora Doctor", author=self.doctor, at_ms=at_ms)
        return eraser.erase(self.config, self.store, approved, lambda: at_ms)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    chosen = setup.Settings(
        name="Lakeside", zone="America/New_York", host="localhost", broker_port=1,
        worker_port=2, web_port=3, database_url=database_url,
    )  # fmt: skip
    config = setup.create(tmp_path / "clinic", chosen, FIRST)
    store = stores.open_own(config)
    before = ms(FIRST) - 7_200_000
    with store.write() as db:
        doctor = staff.create(
            db, store, username="dora", full_name="Dora Doctor", role="clinician",
            billing_role="practitioner", password=PASSWORD, at_ms=before,
        )  # fmt: skip
        ida, bo = (
            people.add_patient(
                db, name=name, zone="America/New_York", author=doctor, at_ms=before,
                birth_date=datetime(1931, 7, 19, tzinfo=UTC).date(), record_number="MRN-CANARY",
            )
            for name in ("Zanzibaria Quillfeather", "Bo Stays")
        )  # fmt: skip
        for one in (ida, bo):
            people.record_fact(
                db, patient_id=one, kind="orders", author=doctor, at_ms=before,
                body={"program": "RPM", "ordered_on": "2026-03-01"},
            )  # fmt: skip
    found = World(config=config, store=store, doctor=doctor, ida=ida, bo=bo)
    _serve(found, ida, "ble:00000000000a", FIRST)
    _serve(found, bo, "ble:00000000000b", FIRST + timedelta(hours=1))
    _serve(found, bo, "ble:00000000000c", LATER)
    yield found
    store.close()


def _serve(world: World, patient: str, device: str, at: datetime) -> None:
    """A reading from a hub of one's own, work, and the month closed and signed."""
    opening = keys.load_recipients(world.config.keys)
    hub, at_ms = hub_of_keys(opening), ms(at)
    said = cuff(
        hub.id,
        device=device,
        wall_ms=at_ms,
        device_time=at.astimezone(NEW_YORK).replace(tzinfo=None),
    )
    parsed = parse(hub.seal(1, encode(said)))
    assert isinstance(parsed, Envelope)
    work = Work(
        activity="review", note="All canaries sang: talked about the week and two repeats",
        mode="phone", interactive=True,
    )  # fmt: skip
    with world.store.write() as db:
        db.execute(
            insert(tables.hub).values(
                id=hub.id, label="kitchen", state="active", created_at_ms=1, link_up=True,
                verify_key=hub.signing.public_key().public_bytes_raw(),
            )
        )  # fmt: skip
    kept.commit(world.store, [SoundEnvelope(hub=hub.id, envelope=parsed)], at_ms + 1500)
    while Opener(world.store, opening, lambda: at_ms + 2000).work():
        pass
    with world.store.write() as db:
        devices.assign(
            db, device_id=device, user_slot=None, patient_id=patient, from_ms=at_ms - 60_000,
            author=world.doctor, at_ms=at_ms,
        )  # fmt: skip
        care_time.start(
            db, staff_id=world.doctor, patient_id=patient, program="RPM", at_ms=at_ms + 10_000
        )
        care_time.stop(db, staff_id=world.doctor, at_ms=at_ms + 1_300_000, work=work)
        month, closed_ms = f"{at:%Y-%m}", at_ms + 40 * 86_400_000
        shown = closing.close(db, patient, month, author=world.doctor, at_ms=closed_ms)
        assert shown.snapshot is not None
        digest = shown.snapshot.digest.hex()
        closing.sign(
            db, patient, month, digest=digest, staff_id=world.doctor, at_ms=closed_ms
        )  # fmt: skip
