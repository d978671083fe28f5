"""Keys of hubs as facts, those of hubs that were enrolled before included."""

from sqlalchemy import insert, select

from cloud_sync.ledger import evidence, hub_keys, schema
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.evidence import Sound
from cloud_sync.ledger.tables import entry, hub, hub_key
from tests.support.seeded import HUB


def test_a_key_is_recorded_once(store: Store) -> None:
    with store.write() as db:
        db.execute(
            insert(hub).values(id=HUB, label="H", state="active", created_at_ms=1, link_up=False)
        )
        for at_ms in (5, 9):
            hub_keys.record(db, HUB, b"k" * 32, at_ms)
        hub_keys.record(db, HUB, b"l" * 32, 11)
    with store.read() as db:
        found = db.execute(select(hub_key).order_by(hub_key.c.enrolled_at_ms)).all()
        assert [(row.verify_key, row.enrolled_at_ms) for row in found] == [
            (b"k" * 32, 5),
            (b"l" * 32, 11),
        ]
        named = db.execute(select(entry.c.row_id).where(entry.c.kind == "hub_key")).scalars().all()
        assert named == [f"{HUB}:{(b'k' * 32).hex()}", f"{HUB}:{(b'l' * 32).hex()}"]
        assert isinstance(evidence.verify(db, {}), Sound)


def test_a_hub_of_before_gets_its_row_and_one_from_past_the_door_none(store: Store) -> None:
    def put(number: int, key: bytes | None) -> None:
        with store.write() as db:
            db.execute(
                insert(hub).values(
                    id=f"{number}" * 32, label="H", state="active", created_at_ms=1,
                    link_up=False, verify_key=key, enrolled_at_ms=7,
                )
            )  # fmt: skip

    put(0, b"k" * 32)
    put(1, None)
    schema.upgrade(store)
    put(2, b"p" * 32)
    schema.upgrade(store)
    with store.read() as db:
        (row,) = db.execute(select(hub_key)).all()
        assert (row.hub_id, row.verify_key, row.enrolled_at_ms) == ("0" * 32, b"k" * 32, 7)
