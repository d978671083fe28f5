"""Two writers at the same moment wait for each other in one order: on PostgreSQL none is ended.

SQLite has one writer. The order stands in cloud_sync.ledger.locks.
"""

import time
from collections.abc import Callable
from threading import Thread

import pytest
from sqlalchemy import Connection, select, text

from cloud_sync.contract.envelope import Envelope, parse
from cloud_sync.contract.observation import encode
from cloud_sync.identity import keys
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Sound
from cloud_sync.ledger import closing, derive, entries, locks, people, tables, time_record, vault
from cloud_sync.opening.opener import Opener
from tests.support.hubs import hub_of_keys
from tests.support.readings import cuff
from tests.support.ten_years import FIRST, LATER, World, ms, world

__all__ = ["world"]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

CUFF = "ble:00000000000a"
Step = Callable[[Connection], object]


def meeting(world: World, first: Step, other: Callable[[], object], second: Step) -> None:
    """`first`, then all of `other` as far as it gets meanwhile, then `second`; both must end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            other()
        except BaseException as error:  # noqa: BLE001  shown by the test itself
            failed.append(error)

    thread = Thread(target=run)
    with world.store.write() as db:
        first(db)
        thread.start()
        while thread.is_alive() and not _waits(world):
            time.sleep(0.01)
        second(db)
    thread.join()
    assert not failed, failed


def _waits(world: World) -> bool:
    """Whether somebody waits for a lock."""
    waiting = text("select 1 from pg_stat_activity where wait_event_type = 'Lock' limit 1")
    with world.store.read() as db:
        return db.execute(waiting).first() is not None


def sign_again(world: World) -> None:
    month = f"{FIRST:%Y-%m}"
    with world.store.write() as db:
        shown = closing.reopen(
            db, world.ida, month, reason="Looked at again", author=world.doctor, at_ms=ms(LATER)
        )
        assert shown.snapshot is not None
        digest = shown.snapshot.digest.hex()
        closing.sign(db, world.ida, month, digest=digest, staff_id=world.doctor, at_ms=ms(LATER))


def move_west(world: World) -> None:
    with world.store.write() as db:
        changes = {"zone": "America/Denver"}
        people.change_patient(db, world.ida, changes, author=world.doctor, at_ms=ms(LATER))


def consent(world: World, db: Connection) -> None:
    body = {"program": "RPM", "given_on": "2026-03-01"}
    people.record_fact(
        db, patient_id=world.bo, kind="consents", author=world.doctor, at_ms=ms(LATER), body=body
    )


def test_a_month_is_signed_while_the_signers_clock_is_stopped(world: World) -> None:
    meeting(
        world,
        lambda db: time_record.lock(db, world.doctor),
        lambda: sign_again(world),
        entries.lock,
    )


def test_a_month_is_closed_while_a_reading_of_the_patient_raises_an_alert(world: World) -> None:
    """The opener's first step, and what its row for the reading locks in the database."""
    referred = select(tables.patient.c.id).where(tables.patient.c.id == world.ida)

    def placed(db: Connection) -> None:
        locks.share_readings(db, {world.ida})
        db.execute(referred.with_for_update(read=True, key_share=True))

    meeting(world, placed, lambda: sign_again(world), entries.lock)


def test_a_zone_is_changed_while_a_reading_of_the_patients_cuff_raises_an_alert(
    world: World,
) -> None:
    meeting(
        world,
        lambda db: derive.holders(db, CUFF),
        lambda: move_west(world),
        entries.lock,
    )


def test_an_erasure_begins_while_a_fact_is_written(world: World) -> None:
    def as_an_erasure_begins() -> None:
        with world.store.write() as db:
            vault.alone(db)
            entries.lock(db)

    meeting(world, entries.lock, as_an_erasure_begins, lambda db: consent(world, db))


def test_a_zone_is_changed_while_the_cuff_and_a_meter_never_heard_of_report(world: World) -> None:
    """The new meter is put on record, at the chain's end, after all that the opener waits for."""
    opening = keys.load_recipients(world.config.keys)
    hub = hub_of_keys(opening)
    with world.store.write() as db:
        db.execute(
            tables.hub.insert().values(
                id=hub.id, label="h", state="active", created_at_ms=1, link_up=True
            )
        )
    said = [cuff(hub.id, device=one, wall_ms=ms(LATER)) for one in ("ble:000000000001", CUFF)]
    parsed = [parse(hub.seal(number, encode(one))) for number, one in enumerate(said, 1)]
    came = [Sound(hub=hub.id, envelope=one) for one in parsed if isinstance(one, Envelope)]
    kept.commit(world.store, came, ms(LATER))
    meeting(
        world,
        lambda db: derive.holders(db, CUFF),
        Opener(world.store, opening, lambda: ms(LATER)).work,
        entries.lock,
    )
    with world.store.read() as db:
        registered = select(tables.device_registration.c.device_id)
        assert "ble:000000000001" in db.execute(registered).scalars().all()
