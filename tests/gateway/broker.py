"""A real Mosquitto on loopback with the clinic's TLS rules, and a small clinic behind it."""

import getpass
import ipaddress
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from cloud_sync.contract import topics
from tests.gateway.clinic_keys import ClinicKeys

MOSQUITTO = "/usr/sbin/mosquitto"


def wait_until(condition: Callable[[], bool], limit_seconds: float = 15) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Authority:
    """A certificate authority for one test."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def __post_init__(self) -> None:
        self.certificate = self._issue("Test clinic", self.key.public_key(), ca=True)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(self, name: str, key: ec.EllipticCurvePublicKey, *, server: bool = False) -> bytes:
        return self._issue(name, key, server=server).public_bytes(Encoding.PEM)

    def _issue(
        self, name: str, key: ec.EllipticCurvePublicKey, *, ca: bool = False, server: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test clinic")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if server:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Broker:
    """Mosquitto with one listener for hubs (TLS 1.3, certificates) and one for the clinic."""

    def __init__(self, directory: Path, authority: Authority) -> None:
        directory.mkdir()
        self.directory = directory
        self.port, self.worker_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None
        key = ec.generate_private_key(ec.SECP256R1())
        (directory / "ca.pem").write_bytes(authority.pem)
        (directory / "broker.key").write_bytes(key_pem(key))
        (directory / "broker.pem").write_bytes(
            authority.issue("broker", key.public_key(), server=True)
        )
        self.allow("up", "state")

    def allow(self, *kinds: str) -> None:
        """Which of its topics a hub may publish; read at the next start."""
        rules = ["topic readwrite rpm/#", "topic readwrite $share/#"]
        rules += [f"pattern write rpm/+/%u/{kind}" for kind in kinds]
        rules += ["pattern read rpm/+/%u/ack", "pattern read rpm/keyset"]
        (self.directory / "acl").write_text("\n".join(rules) + "\n")
        (self.directory / "hub-only").write_text("\n".join(rules[2:]) + "\n")
        config = f"""
user {getpass.getuser()}
per_listener_settings true
listener {self.port} 127.0.0.1
cafile {self.directory}/ca.pem
certfile {self.directory}/broker.pem
keyfile {self.directory}/broker.key
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {self.directory}/hub-only
listener {self.worker_port} 127.0.0.1
allow_anonymous true
acl_file {self.directory}/acl
persistence false
max_packet_size 65536
"""
        (self.directory / "mosquitto.conf").write_text(config)

    def start(self) -> None:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-v", "-c", str(self.directory / "mosquitto.conf")],
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(lambda: self._accepts(self.port) and self._accepts(self.worker_port), 5)
        except AssertionError:
            self.kill()
            raise AssertionError(self.log) from None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @staticmethod
    def _accepts(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0


class Clinic:
    """Remembers what hubs publish; answers each message as `answer` says."""

    def __init__(self, keys: ClinicKeys, port: int) -> None:
        self.keys = keys
        self.answer: Callable[[list[bytes]], list[bytes]] = lambda raws: [keys.receipt(raws)]
        self.messages: list[list[bytes]] = []
        self.states: list[bytes] = []
        self.ready = False
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="worker", protocol=mqtt.MQTTv5
        )
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("rpm/#", 1)
        self.client.on_subscribe = self._subscribed
        self.client.on_message = self._arrived
        self.client.connect_async("127.0.0.1", port, clean_start=True)
        self.client.loop_start()

    @property
    def stored(self) -> list[bytes]:
        return [raw for raws in self.messages for raw in raws]

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos=1, retain=retain)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _subscribed(self, *_: object) -> None:
        self.ready = True

    def _arrived(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        hub = topics.hub_of(message.topic)
        if hub is None:
            return
        if message.topic == topics.state(hub):
            self.states.append(bytes(message.payload))
            return
        raws = topics.split(bytes(message.payload))
        assert isinstance(raws, tuple)
        self.messages.append(list(raws))
        for receipt in self.answer(list(raws)):
            self.publish(topics.ack(hub), receipt)
