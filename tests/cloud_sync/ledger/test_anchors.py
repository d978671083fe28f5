"""Readings in the dark and the anchors that come before, after, or much later."""

from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.observation import Observation, Received
from cloud_sync.contract.readings import BloodPressure
from cloud_sync.ledger import anchors, derive
from cloud_sync.ledger.anchors import Place
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.moment import NO_ANCHORS
from cloud_sync.ledger.tables import envelope, hub, observation
from tests.cloud_sync.ledger.test_derive import (
    ANNA,
    DAY_MS,
    HUB,
    add_patient,
    assign,
    store_reading,
)
from tests.support.readings import WALL_MS, cuff

HOUR = 3_600_000


def in_the_dark(number: int, *, boot: str = "b") -> Observation:
    """Timeless, received `number` hours after a boot in 1970."""
    said = cuff(HUB, number)
    assert isinstance(said.outcome, BloodPressure)
    received = Received(
        wall_ms=number * HOUR, boot=boot, monotonic_ms=number * HOUR, synchronised=False
    )
    outcome = msgspec.structs.replace(said.outcome, device_time=None)
    frame = msgspec.structs.replace(said.frame, received=received)
    return msgspec.structs.replace(said, frame=frame, outcome=outcome)


def told(wall_ms: int, *, boot: str = "b", hours: int = 0) -> TimeAnchor:
    return TimeAnchor(
        boot=boot, monotonic_ms=hours * HOUR, wall_ms=wall_ms, error_ms=100, software="t"
    )


def add_anchor(db: Connection, said: TimeAnchor, seq: int) -> int:
    """As the opener does it; how many readings it told the time of."""
    identity = (1000 + seq).to_bytes(32, "big")
    db.execute(
        envelope.insert().values(
            id=identity,
            hub_id=HUB,
            epoch=1,
            seq=seq,
            suite=2,
            key_id=1,
            body=b"",
            committed_at_ms=WALL_MS,
        )
    )
    place = Place(hub_id=HUB, epoch=1, seq=seq)
    anchors.add(db, said, identity, place)
    return derive.after_anchor(db, place)


def days(db: Connection) -> list[Any]:
    rows = db.execute(select(observation.c.local_day).order_by(observation.c.received_at_ms))
    return list(rows.scalars())


@pytest.fixture
def dark(store: Store) -> Store:
    """Anna's cuff, one reading in the dark at the hub's place 5."""
    with store.write() as db:
        db.execute(
            hub.insert().values(id=HUB, label="h", state="active", created_at_ms=1, link_up=False)
        )
        add_patient(db, ANNA)
        store_reading(db, store, in_the_dark(1), seq=5)
        assign(db, ANNA, 0)
    return store


def test_a_late_anchor_derives_the_one_row_it_tells_about(dark: Store) -> None:
    with dark.write() as db:
        assert days(db) == [None]
        store_reading(db, dark, cuff(HUB, 50), seq=50)  # knew its time: no anchor changes it
        assert add_anchor(db, told(WALL_MS - HOUR, hours=3), seq=7) == 1
        assert days(db) == [date(2026, 3, 4)] * 2
        assert add_anchor(db, told(WALL_MS, hours=4), seq=8) == 0, "a later one says nothing new"


def test_the_nearer_anchor_takes_the_place_of_a_farther_one(dark: Store) -> None:
    with dark.write() as db:
        assert add_anchor(db, told(WALL_MS - HOUR, hours=3), seq=7) == 1
        before = db.scalar(select(observation.c.uncertainty_ms))
        assert add_anchor(db, told(WALL_MS - 2 * HOUR, hours=2), seq=6) == 1
        after = db.scalar(select(observation.c.uncertainty_ms))
    assert before is not None
    assert after == before - 360  # an hour less of 100 ppm


def test_a_boot_without_anchors_waits_for_both_neighbours(dark: Store) -> None:
    with dark.write() as db:
        assert add_anchor(db, told(WALL_MS - 2 * HOUR, boot="a"), seq=4) == 0
        assert days(db) == [None]
        assert add_anchor(db, told(WALL_MS, boot="c"), seq=6) == 1
        assert days(db) == [date(2026, 3, 4)]


def test_neighbours_on_two_days_give_no_day(dark: Store) -> None:
    with dark.write() as db:
        add_anchor(db, told(WALL_MS - DAY_MS, boot="a"), seq=4)
        assert add_anchor(db, told(WALL_MS, boot="c"), seq=6) == 1
        assert days(db) == [None]


def test_a_reading_that_comes_after_its_anchor_is_placed_at_once(dark: Store) -> None:
    with dark.write() as db:
        add_anchor(db, told(WALL_MS - HOUR, hours=3), seq=7)
        said = in_the_dark(2)
        near = anchors.around(db, Place(hub_id=HUB, epoch=1, seq=6))
        known = derive.holders(db, said.frame.device)
        values = derive.derived(said, WALL_MS, known, near)
        assert (values["local_day"], values["patient_id"]) == (date(2026, 3, 4), ANNA)


def test_another_epoch_is_no_neighbour(dark: Store) -> None:
    with dark.write() as db:
        add_anchor(db, told(WALL_MS - HOUR, hours=3), seq=7)
        assert anchors.around(db, Place(hub_id=HUB, epoch=2, seq=6)) == NO_ANCHORS


@pytest.mark.parametrize(
    ("wrong", "fits"),
    [
        ({}, True),
        ({"boot": ""}, False),
        ({"boot": "\0" * 8}, False),
        ({"wall_ms": -1}, False),
        ({"error_ms": 2**62}, False),
        ({"wall_ms": WALL_MS + DAY_MS}, False),  # later than its own receipt
    ],
)
def test_an_anchor_that_makes_no_sense_is_not_let_in(wrong: dict[str, Any], fits: bool) -> None:
    said = msgspec.structs.replace(told(WALL_MS), **wrong)
    assert anchors.fits(said, WALL_MS) is fits
