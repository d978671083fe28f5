"""Who is to close, to sign and to look at again: the same states that `closing` tells."""

from cloud_sync.ledger import closing, people, worklist
from cloud_sync.ledger.engine import Store
from tests.cloud_sync.ledger.records import ANN, BOB, DOCTOR, NURSE, ms, people as add_people, work

AT = ms("2026-02-03T12:00:00+00:00")
MONTH = "2026-01"


def states(store: Store) -> dict[str, str]:
    """By the worklist, after comparing with what `closing` says of each patient."""
    with store.read() as db:
        found = {
            one: state
            for state in worklist.counts(db, MONTH)
            for one in worklist.patients(db, MONTH, state, limit=9)
        }
        for one, state in found.items():
            assert closing.standing(db, people.find(db, one), MONTH, AT).state == state
        assert sorted(worklist.patients(db, MONTH, "", limit=9)) == sorted(found)
        assert len(worklist.patients(db, MONTH, "", limit=9, skip=1)) == len(found) - 1
    return found


def test_each_state_is_listed_as_it_comes(store: Store) -> None:
    add_people(store)
    assert states(store) == {ANN: "open", BOB: "open"}
    with store.write() as db:
        shown = closing.close(db, ANN, MONTH, author=NURSE, at_ms=AT).snapshot
    assert shown is not None
    assert states(store) == {ANN: "ready", BOB: "open"}
    with store.write() as db:
        closing.sign(db, ANN, MONTH, digest=shown.digest.hex(), staff_id=DOCTOR, at_ms=AT)
        closing.close(db, ANN, "2025-12", author=NURSE, at_ms=AT)
    assert states(store) == {ANN: "signed", BOB: "open"}
    work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    with store.write() as db:
        closing.close(db, ANN, MONTH, author=NURSE, at_ms=AT)
    assert states(store) == {ANN: "reopened", BOB: "open"}
