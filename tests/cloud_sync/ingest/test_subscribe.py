"""Real Mosquitto, both databases, hubs with real keys."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import func, select, text

from cloud_sync.config import ClinicConfig
from cloud_sync.contract import keyset as keyset_contract, state as state_contract, topics
from cloud_sync.identity import enrolment, keys, keyset
from cloud_sync.ingest import subscribe
from cloud_sync.ingest.subscribe import Delivery, Settings, Subscriber
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import envelope, hub as hub_table, observation, quarantine
from cloud_sync.opening.opener import Opener
from tests.support.clinic import Close, Link, RunningBroker, enrol_hub, start_broker, wait_for
from tests.support.hubs import Hub, entries, forge, hub_state
from tests.support.readings import plaintext


@dataclass(kw_only=True)
class Ingest:
    """A clinic without web: broker, subscriber, opener."""

    broker: RunningBroker
    store: Store
    subscriber: Subscriber
    hub: Hub
    link: Link
    ended: Event
    errors: list[BaseException]

    def send(self, *envelopes: bytes) -> list[tuple[int, str, str]]:
        """Publish one message; the entries of its receipt."""
        assert self.link.publish(topics.up(self.hub.id), topics.join(envelopes)) == 0
        return entries(self.link.receive(), self.hub)

    def count(self, table: Any) -> int:
        with self.store.read() as db:
            return int(db.scalar(select(func.count()).select_from(table)) or 0)

    def start(self, work: Callable[[], None]) -> Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  looked at by the test
                self.errors.append(error)
            finally:
                self.ended.set()

        thread = Thread(target=run)
        thread.start()
        return thread


@pytest.fixture
def ingest(clinic: ClinicConfig, store: Store, closing: Close) -> Iterator[Ingest]:
    hub = enrol_hub(clinic, store)
    broker = start_broker(clinic, store)
    opener = Opener(store, keys.load_recipients(clinic.keys), lambda: 5)
    settings = Settings(
        store=store,
        clinic=clinic.clinic_id,
        keyset=keyset.load_signed(clinic.directory),
        keys=opener.keys(),
        min_suite=1,
        signer=keys.load_receipt(clinic.keys),
        clock=lambda: 1_772_635_000_000,
        committed=opener.wake,
    )
    made = Ingest(
        broker=broker,
        store=store,
        subscriber=Subscriber(settings),
        hub=hub,
        link=closing(broker.hub_link(hub)),
        ended=Event(),
        errors=[],
    )
    threads = [
        made.start(lambda: made.subscriber.run(broker.services, clinic.worker_port)),
        made.start(opener.run),
    ]
    assert made.link.subscribe(topics.KEYSET) == 1
    assert made.link.receive() is not None, "the key set is published once ingest listens"
    assert made.link.subscribe(topics.ack(hub.id)) == 1
    yield made
    made.link.close()  # before the broker: a client that lost its broker waits a second
    made.subscriber.stop()
    opener.stop()
    for thread in threads:
        thread.join(10)
    broker.broker.stop()


def test_a_reading_is_in_the_ledger_right_after_its_receipt(ingest: Ingest) -> None:
    said = plaintext(ingest.hub.id)
    assert ingest.send(ingest.hub.seal(1, said)) == [(1, "STORED", "NONE")]
    assert ingest.count(envelope) == 1, "a receipt is sent after the commit only"
    wait_for(lambda: ingest.count(observation) == 1)
    with ingest.store.read() as db:
        assert db.scalar(select(observation.c.plaintext)) == said


def test_a_message_of_twenty_is_answered_by_one_receipt(ingest: Ingest) -> None:
    hub = ingest.hub
    raws = [hub.seal(seq, plaintext(hub.id, seq)) for seq in range(1, 21)]
    assert ingest.send(*raws) == [(seq, "STORED", "NONE") for seq in range(1, 21)]
    wait_for(lambda: ingest.count(observation) == 20)


def test_the_same_bytes_again_are_receipted_again_and_stored_once(ingest: Ingest) -> None:
    raw = ingest.hub.seal(1, plaintext(ingest.hub.id))
    assert ingest.send(raw) == [(1, "STORED", "NONE")]
    assert ingest.send(raw) == [(1, "ALREADY_STORED", "NONE")]
    assert ingest.count(envelope) == 1


def test_a_cloned_hub_is_noticed_at_its_first_message(ingest: Ingest) -> None:
    hub = ingest.hub
    ingest.send(hub.seal(1, plaintext(hub.id, 1)))
    assert ingest.send(hub.seal(1, plaintext(hub.id, 2))) == [(1, "REFUSED", "SEQUENCE_REUSED")]
    assert (ingest.count(envelope), ingest.count(quarantine)) == (1, 2)


def test_what_fails_a_check_is_refused_and_the_rest_is_stored(ingest: Ingest) -> None:
    hub = ingest.hub
    good = hub.seal(1, plaintext(hub.id, 1))
    forged = forge(hub.seal(2, plaintext(hub.id, 2)))
    assert ingest.send(good, forged) == [
        (1, "STORED", "NONE"),
        (2, "REFUSED", "BAD_SIGNATURE"),
    ]


def test_a_misframed_message_is_kept_and_work_goes_on(ingest: Ingest) -> None:
    assert ingest.link.publish(topics.up(ingest.hub.id), b"\0") == 0
    assert ingest.send(ingest.hub.seal(1, b"x")) == [(1, "STORED", "NONE")]
    wait_for(lambda: ingest.count(quarantine) >= 1)


def test_a_revoked_hub_is_refused_at_once_even_while_the_broker_lets_it_publish(
    ingest: Ingest,
) -> None:
    with ingest.store.write() as db:
        assert enrolment.revoke(db, ingest.hub.id)
    assert ingest.send(ingest.hub.seal(1, b"x")) == [(1, "REFUSED", "HUB_NOT_ACTIVE")]
    assert ingest.count(envelope) == 0


def test_an_envelope_that_does_not_open_is_receipted_and_blocks_nothing(ingest: Ingest) -> None:
    hub = ingest.hub
    spoiled = hub.seal(1, b"no observation")
    assert ingest.send(spoiled, hub.seal(2, plaintext(hub.id, 2))) == [
        (1, "STORED", "NONE"),
        (2, "STORED", "NONE"),
    ]
    wait_for(lambda: (ingest.count(observation), ingest.count(quarantine)) == (1, 1))


def test_states_and_the_last_will_are_kept(ingest: Ingest) -> None:
    hub = ingest.hub
    signed = state_contract.sign(hub_state(hub.id, 1), hub.signing)
    assert ingest.link.publish(topics.state(hub.id), signed, retain=True) == 0
    wait_for(lambda: _state(ingest) == (signed, True))
    assert ingest.link.publish(topics.state(hub.id), state_contract.GONE, retain=True) == 0
    wait_for(lambda: _state(ingest) == (signed, False))


def _state(ingest: Ingest) -> tuple[bytes | None, bool]:
    with ingest.store.read() as db:
        row = db.execute(select(hub_table.c.state_message, hub_table.c.link_up)).one()
    return row.state_message, row.link_up


def test_the_published_key_set_is_kept_for_hubs_that_come_later(ingest: Ingest) -> None:
    later = ingest.broker.hub_link(ingest.hub)  # the same name: the broker drops the first link
    assert later.subscribe(topics.KEYSET) == 1
    message = later.receive()
    later.close()
    assert message is not None
    config = ingest.broker.config
    assert message[1] == keyset.load_signed(config.directory)
    assert keyset_contract.verify(message[1], keys.load_root(config.keys).public_key()) is not None


def test_a_failed_commit_ends_the_worker_without_a_receipt(ingest: Ingest) -> None:
    with ingest.store.write() as db:
        db.execute(text("alter table unopened rename to away"))
    assert (
        ingest.link.publish(topics.up(ingest.hub.id), topics.join([ingest.hub.seal(1, b"x")])) == 0
    )
    assert ingest.ended.wait(10)
    assert ingest.errors
    assert ingest.link.receive(0.2) is None
    assert ingest.count(envelope) == 0
    with ingest.store.write() as db:
        db.execute(text("alter table away rename to unopened"))


def test_a_stopped_worker_answers_what_it_has_taken(ingest: Ingest) -> None:
    raws = [ingest.hub.seal(seq, b"x") for seq in range(1, 6)]
    for raw in raws:
        ingest.link.publish(topics.up(ingest.hub.id), topics.join([raw]))
    receipted = [entries(ingest.link.receive(), ingest.hub) for _ in raws]
    ingest.subscriber.stop()
    assert [status for ((_, status, _),) in receipted] == ["STORED"] * 5
    assert ingest.ended.wait(10)
    assert ingest.errors == []


def test_the_worker_survives_a_restart_of_the_broker(ingest: Ingest, closing: Close) -> None:
    ingest.link.close()
    ingest.broker.broker.stop()
    ingest.broker.broker = start_broker(ingest.broker.config, ingest.store).broker
    ingest.link = closing(ingest.broker.hub_link(ingest.hub))
    assert ingest.link.subscribe(topics.KEYSET) == 1
    assert ingest.link.receive() is not None, "published again: the broker keeps nothing"
    assert ingest.link.subscribe(topics.ack(ingest.hub.id)) == 1
    assert ingest.send(ingest.hub.seal(1, b"x")) == [(1, "STORED", "NONE")]


def test_a_batch_is_what_waits_and_never_waits_itself(ingest: Ingest) -> None:
    assert subscribe.BATCH_MESSAGES <= subscribe.RECEIVE_MAXIMUM, "else a batch could never fill"
    idle = Subscriber(ingest.subscriber._settings)
    deliveries = [
        Delivery(link=1, mid=mid, topic="t", payload=b"")
        for mid in range(subscribe.BATCH_MESSAGES + 1)
    ]
    for delivery in deliveries:
        idle._inbox.put(delivery)
    assert idle._gather() == deliveries[:-1]
    assert idle._gather() == deliveries[-1:]
    idle._inbox.put(deliveries[0])
    idle.stop()
    assert idle._gather() == deliveries[:1], "what was there before the order to stop is settled"
    assert idle._gather() is None
