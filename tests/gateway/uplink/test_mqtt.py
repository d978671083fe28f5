"""The link against a scripted broker: what Mosquitto says seldom must be understood as well."""

import gc
import queue
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_server

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.uplink import mqtt
from tests.gateway.broker import Authority, key_pem
from tests.gateway.clinic_keys import HUB

CONNACK = b"\x20\x03\x00\x00\x00"
CONNACK_NOT_AUTHORISED = b"\x20\x03\x00\x87\x00"
TAKEN_OVER = b"\xe0\x01\x8e"  # DISCONNECT with reason 0x8E

Events = queue.SimpleQueue[mqtt.Event]


@pytest.fixture
def authority() -> Authority:
    return Authority()


@contextmanager
def scripted_broker(
    directory: Path,
    authority: Authority,
    answer: bytes,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    address: str = "127.0.0.1",
) -> Iterator[tuple[int, list[bytes]]]:
    """Takes one connection, reads its CONNECT, sends `answer`, waits for the end."""
    key = ec.generate_private_key(ec.SECP256R1())
    (directory / "key").write_bytes(key_pem(key))
    (directory / "pem").write_bytes(authority.issue("broker", key.public_key(), server=True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "pem", directory / "key")
    context.maximum_version = newest
    heard: list[bytes] = []
    with create_server((address, 0)) as server:

        def serve() -> None:
            plain, _ = server.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as peer:
                heard.append(peer.recv(4096))
                peer.sendall(answer)
                while peer.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(10)


@contextmanager
def link(directory: Path, authority: Authority, port: int, host: str) -> Iterator[Events]:
    key = ec.generate_private_key(ec.SECP256R1())
    (directory / "hub.key").write_bytes(key_pem(key))
    (directory / "hub.pem").write_bytes(authority.issue(HUB, key.public_key()))
    (directory / "ca.pem").write_bytes(authority.pem)
    tls = mqtt.tls_context(
        ca=directory / "ca.pem", certificate=directory / "hub.pem", key=directory / "hub.key"
    )
    events: Events = queue.SimpleQueue()
    made = mqtt.Link(hub=HUB, tls=tls, events=events.put, reconnect_seconds=(60, 60))
    made.start(host, port)
    try:
        yield events
    finally:
        made.stop()


def test_a_take_over_is_told_with_its_code(tmp_path: Path, authority: Authority) -> None:
    answer = CONNACK + TAKEN_OVER
    with (
        scripted_broker(tmp_path, authority, answer) as (port, heard),
        link(tmp_path, authority, port, "localhost") as events,
    ):
        assert events.get(timeout=10) == mqtt.Connected(session=1)
        assert events.get(timeout=10) == mqtt.Disconnected(session=1, code=mqtt.TAKEN_OVER)
    connect = heard[0]
    assert connect[4:9] == b"MQTT\x05"
    assert connect[9] & 0b10, "clean start"
    assert HUB.encode() in connect


def test_a_refused_connection_is_told_in_the_brokers_words(
    tmp_path: Path, authority: Authority
) -> None:
    answer = CONNACK_NOT_AUTHORISED
    with (
        scripted_broker(tmp_path, authority, answer) as (port, _),
        link(tmp_path, authority, port, "localhost") as events,
    ):
        assert events.get(timeout=10) == mqtt.ConnectFailed(refused="Not authorized")


# paho leaves the socket of a failed TLS handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("address", "newest"),
    [("127.0.0.2", ssl.TLSVersion.TLSv1_3), ("127.0.0.1", ssl.TLSVersion.TLSv1_2)],
    ids=["the certificate of another host", "TLS 1.2"],
)
def test_nothing_is_said_to_a_broker_with(
    tmp_path: Path, authority: Authority, address: str, newest: ssl.TLSVersion
) -> None:
    with scripted_broker(tmp_path, authority, CONNACK, newest, address) as (port, heard):
        with link(tmp_path, authority, port, address) as events:
            assert events.get(timeout=10) == mqtt.ConnectFailed()
        gc.collect()
    assert b"".join(heard) == b""
