"""A refusal undoes its whole transaction."""

import pytest

from cloud_sync.ledger import people
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from tests.support.seeded import NOW_MS, ZONE


def test_nothing_of_a_refused_request_is_kept(store: Store) -> None:
    def add(*names: str) -> None:
        with store.write() as db:
            for name in names:
                people.add_patient(db, name=name, zone=ZONE, author="e" * 32, at_ms=NOW_MS)

    with pytest.raises(Refused):
        add("Rosa", "")
    with store.read() as db:
        assert people.everyone(db) == []
