from datetime import date

import pytest

from cloud_sync.ledger import practices
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.practices import Detail
from cloud_sync.ledger.refused import Refused


def detail(**changes: object) -> Detail:
    values: dict[str, object] = {
        "practice": "main",
        "name": "Juniper Family Practice",
        "npi": "1234567893",
        "address": "1 Example Street",
        "effective_from": date(2026, 1, 1),
        "reason": "first record",
        "recorded_at_ms": 1,
        "author": "e" * 32,
    }
    return Detail(**(values | changes))  # type: ignore[arg-type]


def test_a_practice_over_time(store: Store) -> None:
    moved = detail(effective_from=date(2026, 6, 1), address="2 Example Street", recorded_at_ms=2)
    other = detail(practice="north", name="Juniper North", npi=None)
    with store.write() as db:
        for one in (detail(), moved, other):
            practices.record(db, one)
    with store.read() as db:
        assert practices.on(db, date(2026, 5, 31)) == [detail(), other]
        assert practices.on(db, date(2026, 6, 1)) == [moved, other]
        assert practices.on(db, date(2026, 6, 1), known_at_ms=1) == [detail(), other]
        assert practices.on(db, date(2025, 12, 31)) == []


@pytest.mark.parametrize(
    "wrong", [{"name": " "}, {"practice": ""}, {"reason": " "}, {"npi": "1234567890"}]
)
def test_what_is_missing_is_asked_for(store: Store, wrong: dict[str, str]) -> None:
    with store.write() as db, pytest.raises(Refused):
        practices.record(db, detail(**wrong))
