"""Whose a device is, and that its readings follow."""

from datetime import date

import pytest
from sqlalchemy import insert, select

from cloud_sync.ledger import devices, people
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import assignment_end, hub, observation
from tests.support import seeded
from tests.support.seeded import CUFF, DAY_MS, HUB, NOW_MS as T0, ZONE

AUTHOR = "e" * 32


@pytest.fixture
def two(store: Store) -> tuple[str, str]:
    """Two patients, a cuff and a reading on each of ten days."""
    with store.write() as db:
        db.execute(
            insert(hub).values(id=HUB, label="H", state="active", created_at_ms=0, link_up=True)
        )
        seeded.add_device(db, CUFF, "blood_pressure", "Cuff")
        for n in range(10):
            at = T0 - n * DAY_MS
            shown = local(at, ZONE).replace(tzinfo=None)
            seeded.add_reading(db, CUFF, seeded.pressure(130, 80, at=shown), at)
        names = ("Rosa", "Walter")
        first, second = (
            people.add_patient(db, name=n, zone=ZONE, author=AUTHOR, at_ms=T0) for n in names
        )
    return first, second


def assign(
    store: Store, patient: str, from_ms: int, slot: int | None = None, device: str = CUFF
) -> str:
    with store.write() as db:
        return devices.assign(
            db,
            device_id=device,
            user_slot=slot,
            patient_id=patient,
            from_ms=from_ms,
            author=AUTHOR,
            at_ms=T0,
        )


def owners(store: Store) -> list[str | None]:
    """Newest reading first."""
    with store.read() as db:
        rows = db.execute(select(observation).order_by(observation.c.received_at_ms.desc()))
        return [row.patient_id for row in rows]


def test_readings_kept_already_become_the_patients_from_then_on(
    store: Store, two: tuple[str, str]
) -> None:
    with store.read() as db:
        (waiting,) = devices.waiting(db)
    assert (waiting.device_id, waiting.readings) == (CUFF, 10)
    assign(store, two[0], T0 - 4 * DAY_MS - 1)
    assert owners(store) == [two[0]] * 5 + [None] * 5
    with store.read() as db:
        assert [w.readings for w in devices.waiting(db)] == [5]
        days = db.execute(
            select(observation.c.local_day).where(observation.c.patient_id == two[0])
        ).scalars()
        assert sorted(days) == [date(2026, 11, n) for n in range(20, 25)]


def test_a_device_is_one_patients_at_a_time(store: Store, two: tuple[str, str]) -> None:
    first = assign(store, two[0], T0 - 5 * DAY_MS - 1)
    with pytest.raises(Refused, match="belongs to a patient"):
        assign(store, two[1], T0)
    with store.write() as db:
        devices.end_assignment(
            db, first, patient_id=two[0], to_ms=T0 - 2 * DAY_MS - 1, author=AUTHOR, at_ms=T0
        )
    assign(store, two[1], T0 - 2 * DAY_MS - 1)
    assert owners(store) == [two[1]] * 3 + [two[0]] * 3 + [None] * 4
    with pytest.raises(Refused, match="ended already"), store.write() as db:
        devices.end_assignment(db, first, patient_id=two[0], to_ms=T0, author=AUTHOR, at_ms=T0)


def test_user_slots_are_apart_but_a_whole_device_holds_them_all(
    store: Store, two: tuple[str, str]
) -> None:
    assign(store, two[0], T0, slot=1)
    assign(store, two[1], T0, slot=2)
    with pytest.raises(Refused, match="belongs to a patient"):
        assign(store, two[1], T0, slot=None)
    with pytest.raises(Refused, match="belongs to a patient"):
        assign(store, two[1], T0, slot=1)
    with store.read() as db:
        assert [a.user_slot for a in devices.of_patient(db, two[1])] == [2]


def test_nobody_ends_another_patients_assignment(store: Store, two: tuple[str, str]) -> None:
    mine = assign(store, two[0], T0 - DAY_MS)
    for whose, when, words in ((two[1], T0, "no such"), (two[0], T0 - 2 * DAY_MS, "after")):
        with pytest.raises(Refused, match=words), store.write() as db:
            devices.end_assignment(db, mine, patient_id=whose, to_ms=when, author=AUTHOR, at_ms=T0)


def test_an_unheard_of_device_is_refused(store: Store, two: tuple[str, str]) -> None:
    with pytest.raises(Refused, match="not heard of"):
        assign(store, two[0], T0, device="ble:ffffffffffff")


def test_a_new_zone_recounts_the_days(store: Store, two: tuple[str, str]) -> None:
    assign(store, two[0], T0 - 20 * DAY_MS)
    with store.read() as db:
        before = set(db.execute(select(observation.c.local_day)).scalars())
    with store.write() as db:
        people.change_patient(db, two[0], {"zone": "Pacific/Kiritimati"}, author=AUTHOR, at_ms=T0)
    with store.read() as db:
        after = set(db.execute(select(observation.c.local_day)).scalars())
    assert before != after


def test_an_assignment_made_in_error_is_taken_back_whole(
    store: Store, two: tuple[str, str]
) -> None:
    start = T0 - 4 * DAY_MS - 1
    wrong = assign(store, two[0], start)
    for to_ms in (start - 1, T0 + 1):
        with pytest.raises(Refused, match="not in the future"), store.write() as db:
            devices.end_assignment(
                db, wrong, patient_id=two[0], to_ms=to_ms, author=AUTHOR, at_ms=T0
            )
    with store.write() as db:
        devices.end_assignment(
            db, wrong, patient_id=two[0], to_ms=start, author=AUTHOR, at_ms=T0,
            reason="the other patient's cuff",
        )  # fmt: skip
    assert owners(store) == [None] * 10
    assign(store, two[1], start)
    assert owners(store) == [two[1]] * 5 + [None] * 5
    with store.read() as db:
        assert build_case(db, two[0], T0)["devices"] == []
        assert db.scalar(select(assignment_end.c.reason)) == "the other patient's cuff"
