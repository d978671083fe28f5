"""A legal hold stands until a row of its own lifts it; both are chained facts."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import evidence, holds
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from tests.cloud_sync.ledger.records import ANN, BOB, NURSE, people


def placed(store: Store, patient_id: str | None, reason: str = "Subpoena") -> str:
    with store.write() as db:
        return holds.place(db, patient_id=patient_id, reason=reason, author=NURSE, at_ms=5)


def lifted(store: Store, hold_id: str, reason: str = "Case dismissed") -> None:
    with store.write() as db:
        holds.lift(db, hold_id, reason=reason, author=NURSE, at_ms=9)


def covered(store: Store) -> list[str]:
    with store.read() as db:
        found = holds.every(db)
    return [one for one in (ANN, BOB) if any(hold.covers(one) for hold in found)]


def test_a_hold_covers_a_patient_or_everybody(store: Store) -> None:
    people(store)
    on_ann = placed(store, ANN)
    assert covered(store) == [ANN]
    on_all = placed(store, None)
    assert covered(store) == [ANN, BOB]
    with store.read() as db:
        assert any(hold.covers(None) for hold in holds.every(db))
    lifted(store, on_all)
    assert covered(store) == [ANN]
    lifted(store, on_ann)
    assert covered(store) == []
    with store.read() as db:
        assert [one.lift_reason for one in holds.every(db)] == ["Case dismissed"] * 2


def test_holds_and_their_end_need_reasons_and_a_hold_ends_once(store: Store) -> None:
    people(store)
    with pytest.raises(Refused, match="why"):
        placed(store, ANN, "  ")
    with pytest.raises(Refused, match="no such patient"):
        placed(store, "e" * 32)
    hold = placed(store, ANN)
    with pytest.raises(Refused, match="why"):
        lifted(store, hold, "")
    with pytest.raises(Refused, match="no such hold"):
        lifted(store, "0" * 32)
    lifted(store, hold)
    with pytest.raises(Refused, match="already"):
        lifted(store, hold)


def test_a_hold_cannot_be_taken_back_quietly(store: Store) -> None:
    with store.write() as db:
        hold = holds.place(db, patient_id=None, reason="Audit", author=NURSE, at_ms=5)
    for change in ("delete from legal_hold", "update legal_hold set reason = 'none'"):
        with pytest.raises(DBAPIError, match="append-only"), store.write() as db:
            db.execute(text(change))
    with store.read() as db:
        assert [one.id for one in holds.every(db)] == [hold]
        assert isinstance(evidence.verify(db, {}), evidence.Sound)
