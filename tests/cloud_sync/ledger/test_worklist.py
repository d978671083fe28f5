"""Who is to close, to sign and to look at again: the same states that `closing` tells."""

import pytest

from cloud_sync.alerts import store as alerts
from cloud_sync.ledger import closing, month_end, people, readings, releasing, worklist
from cloud_sync.ledger.audit_facts import practice_facts
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from tests.cloud_sync.ledger.records import ANN, BOB, DOCTOR, NURSE, ms, people as add_people, work
from tests.support.ten_years import AT as ERASED_AT, FIRST, LATER, World, world

__all__ = ["world"]

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


def test_an_erased_month_is_listed_as_erased_and_never_offered(world: World) -> None:
    """Ida's file went with 2026; Bo's 2026 went, but Bo is served again in 2033."""
    with world.store.read() as db:
        assert worklist.counts(db, "2026-03") == {"signed": 2}
        assert len(releasing.waiting(db, "2026-03")) == 2
    world.erase()
    with world.store.read() as db:
        assert worklist.counts(db, "2026-03") == {"erased": 2}
        assert releasing.waiting(db, "2026-03") == [], "nothing is left to release"
        assert worklist.patients(db, "2033-03", "erased", limit=9) == [world.ida]
        assert worklist.patients(db, "2033-03", "signed", limit=9) == [world.bo]
        assert worklist.patients(db, "2033-04", "open", limit=9) == [world.bo]
        for month in ("2026-03", "2026-05", "2033-03", "2033-04"):
            for state in worklist.counts(db, month):
                for one in worklist.patients(db, month, state, limit=9):
                    who = people.find(db, one)
                    assert closing.standing(db, who, month, ERASED_AT).state == state
        found = closing.standing(db, people.find(db, world.bo), "2026-03", ERASED_AT)
        never = closing.standing(db, people.find(db, world.bo), "2026-05", ERASED_AT)
    assert found.erased_words == "Erased under retention on 2036-05-31; who signed it when is kept"
    assert found.signature is not None
    assert found.signature.full_name == "Dora Doctor"
    assert never.erased_words == "Erased under retention on 2036-05-31; it was never closed"


def test_nothing_erased_waits_for_anybody(world: World) -> None:
    both = [world.ida, world.bo]
    with world.store.write() as db:
        for patient in both:
            alerts.set_threshold(
                db, patient_id=patient, measure="systolic", low="", high="50", reason="asked for",
                author=world.doctor, at_ms=round(FIRST.timestamp() * 1000),
            )  # fmt: skip
        seen = [one.id for patient in both for one in readings.unreviewed(db, patient)]
        assert (
            alerts.raise_fresh(db, map(bytes.fromhex, seen), round(LATER.timestamp() * 1000) + 2000)
            == 1
        )
        first = readings.unreviewed(db, world.ida)[0]
        assert (
            alerts.raise_fresh(
                db, [bytes.fromhex(first.id)], round(FIRST.timestamp() * 1000) + 2000
            )
            == 1
        )
        assert alerts.open_counts(db) == {world.ida: 1, world.bo: 1}
        assert readings.unreviewed_counts(db, both) == {world.ida: 1, world.bo: 2}
    world.erase()
    with world.store.read() as db:
        assert alerts.open_counts(db) == {world.bo: 1}
        assert world.ida not in readings.unreviewed_counts(db, both)
        found = practice_facts(db, ("2026-03",), "America/New_York", ERASED_AT)
        assert found.patients[world.ida].orders == (), "the self-audit goes on without it"
        assert len(found.patients[world.bo].orders) == 1


def test_a_month_that_stands_has_no_words_of_erasure(store: Store) -> None:
    add_people(store)
    with store.read() as db:
        assert closing.standing(db, people.find(db, ANN), MONTH, AT).erased_words == ""


def test_what_was_erased_is_neither_closed_nor_signed_nor_in_the_way(world: World) -> None:
    """Closing a month for everybody passes over whose year is gone, closed then or not."""
    world.erase()
    url = world.config.database_url
    with world.store.read() as db:
        everyone = people.everyone(db)
    for month in ("2026-03", "2026-05"):
        closed = month_end.close_all(
            world.store, url, everyone, month, author=world.doctor, at_ms=ERASED_AT
        )
        assert [(one.state, (one.reason or "")[:34]) for rows in closed for one in rows] == [
            ("erased", "Erased under retention on 2036-05-")
        ] * 2
    with world.store.write() as db:
        stands = closing.close(db, world.ida, "2026-05", author=NURSE, at_ms=ERASED_AT)
        assert (stands.state, stands.snapshot) == ("erased", None)
        with pytest.raises(Refused, match="nothing is left to sign"):
            closing.sign(
                db, world.ida, "2026-05", digest="", staff_id=world.doctor, at_ms=ERASED_AT
            )
        with pytest.raises(Refused, match="nothing is left to open again"):
            closing.reopen(
                db, world.ida, "2026-05", reason="x", author=world.doctor, at_ms=ERASED_AT
            )
