from hashlib import sha256
from threading import Thread

import pytest
from sqlalchemy import select, update

from cloud_sync.contract import state as state_contract, topics
from cloud_sync.contract.receipt import Reason
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Examined, Facts, examine
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.tables import alarm, envelope, hub as hub_table, quarantine, unopened
from tests.support.hubs import Hub, hub_state, loose_hub


@pytest.fixture
def hub(store: Store) -> Hub:
    made = loose_hub()
    with store.write() as db:
        db.execute(
            hub_table.insert().values(
                id=made.id,
                label="kitchen",
                state="active",
                verify_key=made.signing.public_key().public_bytes_raw(),
                created_at_ms=1,
                link_up=False,
            )
        )
    return made


def examined(store: Store, hub: Hub, *raws: bytes) -> list[Examined]:
    facts = Facts(
        clinic=bytes.fromhex(hub.keyset.clinic),
        hubs=kept.hub_facts(store, [hub.id]),
        keys={r.id: r.suite for r in hub.keyset.recipients},
        min_suite=1,
    )
    return [item for raw in raws for item in examine(topics.up(hub.id), topics.join([raw]), facts)]


def test_envelopes_are_kept_whole_and_queued_for_the_opener(store: Store, hub: Hub) -> None:
    raws = [hub.seal(seq, b"x") for seq in (1, 2, 3)]
    fate = kept.commit(store, examined(store, hub, *raws), 99)
    with store.read() as db:
        rows = db.execute(select(envelope).order_by(envelope.c.seq)).all()
        queued = set(db.scalars(select(unopened.c.envelope_id)))
    assert [row.body for row in rows] == raws
    assert {row.id for row in rows} == fate.new == queued
    assert [(row.hub_id, row.epoch, row.seq, row.committed_at_ms) for row in rows] == [
        (hub.id, 7, seq, 99) for seq in (1, 2, 3)
    ]
    assert fate.old == frozenset()


def test_the_same_bytes_again_are_stored_once(store: Store, hub: Hub) -> None:
    raw = hub.seal(1, b"x")
    first = kept.commit(store, examined(store, hub, raw, raw), 1)
    again = kept.commit(store, examined(store, hub, raw), 2)
    assert (first.new, first.old) == (again.old, again.new)
    with store.read() as db:
        assert len(db.execute(select(envelope)).all()) == 1
        assert db.execute(select(quarantine)).all() == []


@pytest.mark.parametrize("together", [True, False])
def test_other_bytes_under_a_used_number_put_both_copies_aside(
    store: Store, hub: Hub, *, together: bool
) -> None:
    first, other = hub.seal(1, b"x"), hub.seal(1, b"y")
    if together:
        fate = kept.commit(store, examined(store, hub, first, other), 1)
    else:
        kept.commit(store, examined(store, hub, first), 1)
        fate = kept.commit(store, examined(store, hub, other), 2)
    other_id = sha256(other).digest()
    assert other_id not in fate.new | fate.old
    with store.read() as db:
        stored = db.scalars(select(envelope.c.body)).all()
        aside = db.execute(select(quarantine)).all()
        alarms = db.execute(select(alarm)).all()
    assert stored == [first], "the first copy stays"
    assert {row.body for row in aside} == {first, other}
    assert {row.reason for row in aside} == {"sequence_reused"}
    assert [(row.kind, row.hub_id, row.detail) for row in alarms] == [
        ("quarantine", hub.id, "sequence_reused")
    ]


def test_what_is_unsound_is_quarantined_once_with_one_alarm(store: Store, hub: Hub) -> None:
    forged = [raw[:-1] + bytes([raw[-1] ^ 1]) for raw in (hub.seal(1, b"x"), hub.seal(2, b"x"))]
    for _ in range(2):
        fate = kept.commit(store, examined(store, hub, *forged), 1)
        assert fate == kept.Fate(new=frozenset(), old=frozenset())
    with store.read() as db:
        assert sorted(db.scalars(select(quarantine.c.body))) == sorted(forged)
        assert db.scalars(select(alarm.c.detail)).all() == ["bad_signature"]


def test_what_was_stored_before_the_rules_changed_is_still_held(store: Store, hub: Hub) -> None:
    raw = hub.seal(1, b"x", suite=1)
    before = kept.commit(store, examined(store, hub, raw), 1)
    strict = Facts(
        clinic=bytes.fromhex(hub.keyset.clinic),
        hubs=kept.hub_facts(store, [hub.id]),
        keys={},
        min_suite=2,
    )
    found = examine(topics.up(hub.id), topics.join([raw]), strict)
    assert [getattr(item, "reason", None) for item in found] == [Reason.SUITE_NOT_ALLOWED]
    assert kept.commit(store, found, 2).old == before.new
    with store.read() as db:
        assert db.execute(select(quarantine)).all() == []


def test_numbers_that_start_again_raise_an_alarm(store: Store, hub: Hub) -> None:
    kept.commit(store, examined(store, hub, hub.seal(1, b"x"), hub.seal(2, b"x")), 1)
    hub.epoch = 8
    kept.commit(store, examined(store, hub, hub.seal(1, b"x"), hub.seal(2, b"x")), 2)
    with store.read() as db:
        assert [(r.kind, r.detail) for r in db.execute(select(alarm))] == [
            ("new_epoch", "numbers start again, epoch 8")
        ]


def test_two_workers_with_the_same_envelopes_in_other_order_do_not_deadlock(
    database_url: str, store: Store, hub: Hub
) -> None:
    raws = [hub.seal(seq, b"x") for seq in range(1, 21)]
    found = examined(store, hub, *raws)
    stores = [open_store(database_url), open_store(database_url)]
    fates: list[kept.Fate] = []
    threads = [
        Thread(target=lambda s=s, f=f: fates.append(kept.commit(s, f, 1)))
        for s, f in zip(stores, (found, found[::-1]), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for opened in stores:
        opened.close()
    assert [len(fate.new | fate.old) for fate in fates] == [20, 20]
    assert sum(len(fate.new) for fate in fates) == 20


def test_a_state_is_kept_if_the_hub_signed_it_and_it_is_news(store: Store, hub: Hub) -> None:
    def told(raw: bytes) -> tuple[bytes | None, bool]:
        kept.record_state(store, topics.state(hub.id), raw, 50)
        with store.read() as db:
            row = db.execute(select(hub_table)).one()
        return row.state_message, row.link_up

    other = loose_hub()
    assert told(state_contract.sign(hub_state(hub.id, 1), other.signing)) == (None, False)
    assert told(state_contract.sign(hub_state(other.id, 1), hub.signing)) == (None, False)
    assert told(b"noise") == (None, False)
    second = state_contract.sign(hub_state(hub.id, 2), hub.signing)
    assert told(second) == (second, True)
    replayed = state_contract.sign(hub_state(hub.id, 1), hub.signing)
    assert told(replayed) == (second, True)
    assert told(state_contract.GONE) == (second, False)
    rebooted = state_contract.sign(hub_state(hub.id, 1, boot="next"), hub.signing)
    assert told(rebooted) == (rebooted, True)
    kept.forget_links(store)
    assert told(second[:70]) == (rebooted, False)


def test_a_state_on_no_known_hubs_topic_is_ignored(store: Store, hub: Hub) -> None:
    for topic in ("rpm/0/x/state", topics.state("ab" * 16)):
        kept.record_state(store, topic, b"", 1)
    with store.write() as db:
        db.execute(update(hub_table).values(link_up=True))
        assert db.scalar(select(hub_table.c.link_up).where(hub_table.c.id == hub.id)) is True
