"""The limits: SQLite, signatures and MQTT by themselves, with nothing of ours around them."""

import hashlib
import sqlite3
import ssl
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from paho.mqtt.enums import CallbackAPIVersion

SIGNATURE_BYTES = 64
RECEIPT_BODY_BYTES = 40 + 20 * 42
_WAIT_SECONDS = 10
HUB_TABLE = "(seq INTEGER PRIMARY KEY, id BLOB, raw BLOB, kept_at_ms INTEGER)"
CLINIC_TABLE = (
    "(id BLOB PRIMARY KEY, hub TEXT, epoch INTEGER, seq INTEGER, suite INTEGER, key INTEGER,"
    " body BLOB, committed_at_ms INTEGER, UNIQUE (hub, epoch, seq))"
)


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


class Sqlite:
    """One connection, one table, one prepared insert; `commit` is durable when it returns."""

    def __init__(self, path: Path, *, table: str, journal: str, synchronous: str | int) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(f"PRAGMA journal_mode = {journal}")
        self._db.execute(f"PRAGMA synchronous = {synchronous}")
        self._db.execute(f"CREATE TABLE envelope {table}")
        places = ", ".join("?" for _ in self._db.execute("SELECT * FROM envelope").description)
        self._insert = f"INSERT INTO envelope VALUES ({places})"

    def commit(self, rows: Sequence[Sequence[Any]]) -> None:
        """All rows in one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(self._insert, rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()


class Clinic:
    """What no clinic can leave out: check, hash, insert, sign a receipt for twenty."""

    def __init__(self, rows: Sqlite, hub_key: Ed25519PublicKey) -> None:
        self._rows = rows
        self._hub_key = hub_key
        self._receipt_key = Ed25519PrivateKey.generate()

    def take(self, messages: Sequence[Sequence[bytes]], first: int) -> None:
        """Envelopes of several messages in one transaction; `first` numbers them."""
        raws = [raw for message in messages for raw in message]
        for raw in raws:
            self._hub_key.verify(raw[-SIGNATURE_BYTES:], b"rpm-env-v1\0" + raw[:-SIGNATURE_BYTES])
        self._rows.commit(
            [
                (hashlib.sha256(raw).digest(), "f" * 32, 7, first + number, 2, 1, raw, 1)
                for number, raw in enumerate(raws)
            ]
        )
        for _ in messages:
            self._receipt_key.sign(bytes(RECEIPT_BODY_BYTES))


class Peer:
    """One MQTT 5 connection over TLS; what arrives goes into a queue, nothing else happens."""

    def __init__(self, port: int, tls: ssl.SSLContext, *, client_id: str) -> None:
        self.arrived: SimpleQueue[bytes] = SimpleQueue()
        self._ready: SimpleQueue[object] = SimpleQueue()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5
        )
        self._client.tls_set_context(tls)
        self._client.on_connect = lambda *_: self._ready.put(True)
        self._client.on_subscribe = lambda *_: self._ready.put(True)
        self._client.on_message = lambda _c, _d, message: self.arrived.put(bytes(message.payload))
        self._client.connect("localhost", port, clean_start=True)
        self._client.loop_start()
        self._ready.get(timeout=_WAIT_SECONDS)

    def subscribe(self, topic: str) -> None:
        self._client.subscribe(topic, 1)
        self._ready.get(timeout=_WAIT_SECONDS)

    def publish(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1)

    def receive(self) -> bytes:
        return self.arrived.get(timeout=_WAIT_SECONDS)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
