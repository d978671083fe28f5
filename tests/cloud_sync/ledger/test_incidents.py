"""Alarms and quarantine as the administrator sees them."""

from sqlalchemy import insert

from cloud_sync.ledger import incidents
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import alarm, quarantine
from tests.support import seeded


def test_what_nobody_has_seen_stands_first_and_the_first_look_counts(store: Store) -> None:
    ada = seeded.add_staff(store, roles=("admin",))["admin"]
    with store.write() as db:
        for number in range(3):
            db.execute(insert(alarm).values(at_ms=number, kind="k", detail=f"d{number}"))
    with store.read() as db:
        ids = {one.detail: one.id for one in incidents.newest(db)}
    for at_ms in (10, 20):
        with store.write() as db:
            incidents.mark_seen(db, ids["d2"], by=ada, at_ms=at_ms)
    with store.read() as db:
        found = incidents.newest(db)
    assert [one.detail for one in found] == ["d1", "d0", "d2"]
    assert (found[2].seen_at_ms, found[2].seen_by) == (10, "Ada Lindqvist")


def test_quarantine_shows_the_size_and_never_the_bytes(store: Store) -> None:
    with store.write() as db:
        db.execute(
            insert(quarantine).values(
                id=b"q" * 32, topic="t", reason="bad_signature", body=b"secret", at_ms=1
            )
        )
    with store.read() as db:
        (one,) = incidents.quarantined(db)
    assert one.size_bytes == 6
    assert "secret" not in repr(one)
