from sqlalchemy import select, update

from cloud_sync.ledger import alarms
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import alarm


def test_an_alarm_waits_once_and_may_come_back_after_it_was_seen(store: Store) -> None:
    with store.write() as db:
        for at_ms in (1, 2):
            alarms.raise_once(db, kind="k", hub_id=None, detail="d", at_ms=at_ms)
            alarms.raise_once(db, kind="k", hub_id="0f" * 16, detail="d", at_ms=at_ms)
        assert db.scalars(select(alarm.c.at_ms)).all() == [1, 1]
        db.execute(update(alarm).where(alarm.c.hub_id.is_(None)).values(seen_at_ms=3))
        alarms.raise_once(db, kind="k", hub_id=None, detail="d", at_ms=4)
        assert sorted(db.scalars(select(alarm.c.at_ms))) == [1, 1, 4]
