import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_sync import stores
from cloud_sync.config import ClinicConfig
from cloud_sync.contract import topics
from cloud_sync.identity import access
from cloud_sync.ingest import broker, control
from cloud_sync.ingest.broker import Broker, BrokerError
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.schema import upgrade
from tests.support.clinic import Close, Link, RunningBroker, enrol_hub, make_clinic, start_broker

NOT_AUTHORIZED, NOBODY_LISTENS = 0x87, 0x10


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> ClinicConfig:
    return make_clinic(tmp_path_factory.mktemp("broker") / "clinic")


@pytest.fixture(scope="module")
def store(config: ClinicConfig) -> Iterator[Store]:
    opened = stores.open_own(config)
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def running(config: ClinicConfig, store: Store) -> Iterator[RunningBroker]:
    started = start_broker(config, store)
    yield started
    started.broker.stop()


def admit(running: RunningBroker, hub_id: str) -> None:
    assert control.apply(running.services, running.config.worker_port, access.admit(hub_id)) == []


def test_a_hub_admitted_while_the_broker_runs_publishes_and_is_heard(
    running: RunningBroker, store: Store, closing: Close
) -> None:
    hub = enrol_hub(running.config, store, admitted=lambda hub_id: admit(running, hub_id))
    worker = closing(_worker(running))
    assert worker.subscribe(topics.SHARED_UPLINKS) == 1
    link = closing(running.hub_link(hub))
    assert link.publish(topics.up(hub.id), b"sealed") == 0
    assert worker.receive() == (topics.up(hub.id), b"sealed")
    assert link.subscribe(topics.ack(hub.id)) == 1
    assert worker.publish(topics.ack(hub.id), b"receipt") == 0
    assert link.receive() == (topics.ack(hub.id), b"receipt")


def test_a_hub_reaches_no_other_hubs_topics(
    running: RunningBroker, store: Store, closing: Close
) -> None:
    mine, other = (
        enrol_hub(running.config, store, admitted=lambda hub_id: admit(running, hub_id))
        for _ in range(2)
    )
    worker = closing(_worker(running))
    worker.subscribe(topics.SHARED_UPLINKS)
    link = closing(running.hub_link(mine))
    foreign = [topics.up(other.id), topics.ack(mine.id), topics.KEYSET, access.CONTROL]
    assert [link.publish(topic, b"x") for topic in foreign] == [NOT_AUTHORIZED] * 4
    for topic in ("#", "rpm/#", topics.ack(other.id), topics.up(other.id), access.CONTROL_RESPONSE):
        link.subscribe(topic)  # the code proves nothing: delivery is what counts
    eavesdropped = closing(running.hub_link(other))
    assert eavesdropped.publish(topics.up(other.id), b"theirs") == 0
    assert worker.receive() == (topics.up(other.id), b"theirs")
    assert worker.publish(topics.ack(other.id), b"their receipt") in {0, NOBODY_LISTENS}
    # What the hub may have comes after what it may not: one message proves the others never came.
    assert link.subscribe(topics.ack(mine.id)) == 1
    assert worker.publish(topics.ack(mine.id), b"my receipt") == 0
    assert link.receive() == (topics.ack(mine.id), b"my receipt")
    assert link.receive(0.2) is None


def test_a_revoked_hub_is_cut_off_and_its_certificate_has_no_right_left(
    running: RunningBroker, store: Store, closing: Close
) -> None:
    hub = enrol_hub(running.config, store, admitted=lambda hub_id: admit(running, hub_id))
    link = closing(running.hub_link(hub))
    assert link.publish(topics.up(hub.id), b"before") in {0, NOBODY_LISTENS}
    control.apply(running.services, running.config.worker_port, access.expel(hub.id))
    link.wait_until_gone()
    link.close()
    again = closing(running.hub_link(hub))
    assert again.publish(topics.up(hub.id), b"after") == NOT_AUTHORIZED


def test_without_a_certificate_nobody_connects(running: RunningBroker) -> None:
    context = ssl.create_default_context(cafile=str(running.services.authority))
    connect = bytes.fromhex("101000044d5154540502001e00000368756200")
    with (
        socket.create_connection(("127.0.0.1", running.config.broker_port), 5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        try:
            tls.sendall(connect)
            answer = tls.recv(64)
        except (ssl.SSLError, ConnectionError):
            answer = b""
    assert answer == b""


def test_tls_below_1_3_is_refused(running: RunningBroker) -> None:
    context = ssl.create_default_context(cafile=str(running.services.authority))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("127.0.0.1", running.config.broker_port), 5) as plain,
        pytest.raises(ssl.SSLError, match="protocol version"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_hubs_of_the_database_are_known_from_the_start(
    running: RunningBroker, store: Store, closing: Close, tmp_path: Path
) -> None:
    hub = enrol_hub(running.config, store)
    later = start_broker(make_clinic(tmp_path / "unused"), store).broker
    later.stop()
    with store.read() as db:
        rules = access.configuration(access.active_hubs(db))
    assert hub.id.encode() in rules
    running.broker.stop()
    running.broker = start_broker(running.config, store).broker
    link = closing(running.hub_link(hub))
    assert link.publish(topics.up(hub.id), b"sealed") in {0, NOBODY_LISTENS}


def test_a_taken_port_is_told_in_plain_words(running: RunningBroker, tmp_path: Path) -> None:
    taken = replace(running.config, directory=tmp_path, worker_port=running.config.broker_port)
    configuration = broker.write_configuration(taken, running.services, [])
    with pytest.raises(BrokerError, match="did not start"):
        Broker(configuration)


def test_a_missing_broker_is_told_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_a, **_k: None)
    with pytest.raises(BrokerError, match="apt-get install mosquitto"):
        broker.find_mosquitto()


def _worker(running: RunningBroker) -> Link:
    pair = running.services.ingest
    both = running.config.directory / "worker.pem"
    both.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    return Link(running.config, both, running.services.authority, running.config.worker_port)
