"""What the clinic knows of a hub's contact, from what it holds."""

from datetime import UTC, datetime

from sqlalchemy import update

from cloud_sync.ledger.contact import contact
from cloud_sync.ledger.progress import forecast
from cloud_sync.ledger.tables import hub, observation
from tests.support.seeded import DAY_MS, NOW_MS, Seeded


def when(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def test_nothing_is_known_of_a_patient_without_readings(practice: Seeded) -> None:
    with practice.store.read() as db:
        found = contact(db, practice.other, NOW_MS)
    assert (found.complete_to, found.outages) == (None, ())


def test_a_silent_hub_is_offline_since_its_last_delivery(practice: Seeded) -> None:
    with practice.store.write() as db:
        db.execute(update(hub).values(link_up=False, state_at_ms=NOW_MS - DAY_MS))
        last = max(db.scalars(observation.select().with_only_columns(observation.c.received_at_ms)
                              .where(observation.c.patient_id == practice.patient)))  # fmt: skip
        found = contact(db, practice.patient, NOW_MS)
    assert found.complete_to == when(last)
    assert found.outages == ((when(last), when(NOW_MS)),)


def test_a_late_delivery_is_an_outage_that_is_over(practice: Seeded) -> None:
    with practice.store.write() as db:
        one = db.execute(
            observation.select().where(observation.c.patient_id == practice.patient)
        ).first()
        assert one is not None
        db.execute(
            update(observation)
            .where(observation.c.id == one.id)
            .values(committed_at_ms=one.received_at_ms + DAY_MS)
        )
        found = contact(db, practice.patient, NOW_MS)
    assert (when(one.received_at_ms), when(one.received_at_ms + DAY_MS)) in found.outages


def test_the_forecast_of_a_live_patient(practice: Seeded) -> None:
    with practice.store.read() as db:
        found = forecast(db, practice.patient, NOW_MS)
    assert found[:3] == (
        "13 days so far; 3 more by 7 December; no reading was taken on 3 days.",
        "The period runs from 8 November to 7 December.",
        "99454 needs 3 more by 7 December: one reading a day, from 5 December at the latest.",
    )
