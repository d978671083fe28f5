"""A clinic in a directory of the test's own, and hubs that speak to it with real keys."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from paho.mqtt.enums import CallbackAPIVersion

from cloud_sync import setup
from cloud_sync.config import ClinicConfig
from cloud_sync.contract import keyset as keyset_contract
from cloud_sync.contract.enrolment import Answer, Rejected
from cloud_sync.contract.keyset import KeySet
from cloud_sync.identity import access, enrolment, enrolment_route, keyset, services
from cloud_sync.identity.services import Services
from cloud_sync.ingest import broker
from cloud_sync.ingest.broker import Broker
from cloud_sync.ledger.engine import Store
from tests.support.hubs import Hub, hub_request

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
WAIT_SECONDS = 10.0


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for opened in sockets:
        opened.close()
    return ports


def make_clinic(directory: Path, database_url: str | None = None) -> ClinicConfig:
    """A new clinic on loopback, its certificates valid today."""
    ports = free_ports(4)
    settings = setup.Settings(
        name="Test clinic",
        zone="America/New_York",
        host="localhost",
        bind="127.0.0.1",
        broker_port=ports[0],
        worker_port=ports[1],
        web_port=ports[2],
        local_web_port=ports[3],
        database_url=database_url,
    )
    return setup.create(directory, settings, setup.now())


def desk(config: ClinicConfig, store: Store, **changes: Any) -> enrolment_route.Desk:
    """The enrolment desk of this clinic; the broker hears nothing unless a test says so."""
    made = enrolment_route.Desk(
        store=store,
        authority=services.load_authority(config.directory),
        clinic=config.clinic_id,
        keyset=keyset.load_signed(config.directory),
        broker_host=config.host,
        broker_port=config.broker_port,
        clock=lambda: int(setup.now().timestamp() * 1000),
        admitted=lambda _hub: None,
    )
    return replace(made, **changes)


def enrol_hub(config: ClinicConfig, store: Store, **changes: Any) -> Hub:
    """A new hub through the enrolment desk, its TLS files under `hubs/` of the clinic."""
    counter = desk(config, store, **changes)
    with store.write() as db:
        invitation = enrolment.invite(db, "kitchen", counter.clock())
    signing, tls = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    body = msgspec.json.encode(hub_request(invitation.code, signing, tls))
    answer = enrolment_route.answer(counter, body)
    assert not isinstance(answer, Rejected), answer
    return Hub(
        id=answer.hub,
        signing=signing,
        keyset=verified(config, answer),
        tls=write_tls(config.directory / "hubs" / answer.hub, tls, answer),
    )


def verified(config: ClinicConfig, answer: Answer) -> KeySet:
    root = Ed25519PublicKey.from_public_bytes(keyset.load_root_public(config.directory))
    verified = keyset_contract.verify(answer.keyset, root)
    assert verified is not None
    return verified


def write_tls(directory: Path, key: ec.EllipticCurvePrivateKey, answer: Answer) -> Path:
    directory.mkdir(parents=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = directory / "tls.pem"
    path.write_bytes(pem + answer.certificate_pem.encode())
    (directory / "ca.pem").write_text(answer.ca_pem)
    return path


class Link:
    """One MQTT 5 connection: publishes and says with which code, keeps what arrives."""

    def __init__(
        self, config: ClinicConfig, tls: Path, authority: Path, port: int | None = None
    ) -> None:
        self.arrived: SimpleQueue[tuple[str, bytes]] = SimpleQueue()
        self._events: SimpleQueue[tuple[str, list[Any]]] = SimpleQueue()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        context = ssl.create_default_context(cafile=str(authority))
        context.load_cert_chain(tls)
        self._client.tls_set_context(context)
        self._client.on_connect = lambda _c, _d, _f, code, _p: self._events.put(("connect", [code]))
        self._client.on_subscribe = lambda _c, _d, _m, codes, _p: self._events.put(
            ("subscribe", codes)
        )
        self._client.on_publish = lambda _c, _d, _m, code, _p: self._events.put(("publish", [code]))
        self._client.on_disconnect = lambda _c, _d, _f, code, _p: self._events.put(("gone", [code]))
        self._client.on_message = lambda _c, _d, m: self.arrived.put((m.topic, bytes(m.payload)))
        self._client.connect(config.host, port or config.broker_port, clean_start=True)
        self._client.loop_start()
        self.code = self._await("connect")

    def subscribe(self, topic: str) -> int:
        """The broker's code for the subscription."""
        self._client.subscribe(topic, 1)
        return self._await("subscribe")

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """The broker's code for the message; 0x80 and above are refusals."""
        self._client.publish(topic, payload, qos=1, retain=retain)
        return self._await("publish")

    def receive(self, seconds: float = WAIT_SECONDS) -> tuple[str, bytes] | None:
        """The next message, or None if none came in time."""
        try:
            return self.arrived.get(timeout=seconds)
        except Empty:
            return None

    def wait_until_gone(self) -> None:
        """Until the broker ended this connection."""
        self._await("gone")

    def drop(self) -> None:
        """End without a goodbye, as a power cut does: the broker sends the last will."""
        sock = self._client.socket()
        assert sock is not None
        sock.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _await(self, wanted: str) -> int:
        while True:
            kind, codes = self._events.get(timeout=WAIT_SECONDS)
            if kind == wanted:
                return int(codes[0].value)
            assert kind != "gone", codes


@dataclass(kw_only=True)
class RunningBroker:
    """A clinic with its broker running."""

    config: ClinicConfig
    services: Services
    broker: Broker

    def hub_link(self, hub: Hub) -> Link:
        assert hub.tls is not None
        return Link(self.config, hub.tls, hub.tls.parent / "ca.pem")


def start_broker(config: ClinicConfig, store: Store) -> RunningBroker:
    """The clinic's broker, knowing the hubs of the database."""
    issuer = services.load_authority(config.directory)
    files = services.issue(config.directory, issuer, config.host, setup.now())
    with store.read() as db:
        hubs = access.active_hubs(db)
    configuration = broker.write_configuration(config, files, hubs)
    return RunningBroker(config=config, services=files, broker=Broker(configuration))


@pytest.fixture
def clinic(tmp_path: Path, database_url: str) -> ClinicConfig:
    """A clinic, once on each kind of database."""
    return make_clinic(tmp_path / "clinic", database_url)


Close = Callable[[Link], Link]


@pytest.fixture
def closing() -> Iterator[Close]:
    """Closes the links handed to it when the test is over."""
    links: list[Link] = []

    def keep(link: Link) -> Link:
        links.append(link)
        return link

    yield keep
    for link in links:
        link.close()


def wait_for(happened: Callable[[], bool]) -> None:
    """Until it happened; fails if it never does."""
    until = time.monotonic() + WAIT_SECONDS
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.005)
