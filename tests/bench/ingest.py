"""Receipted envelopes, 20 a message: the clinic's ingest beside the bare sum of its parts.

First the real worker's `_settle` in this process, without a network; then whole messages through
Mosquitto over TLS to a running `vitals-clinic serve`, whose opener works beside it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync import serve, stores
from cloud_sync.contract import receipt, topics
from cloud_sync.contract.observation import encode
from cloud_sync.identity import keys
from cloud_sync.ingest.subscribe import Delivery, Subscriber
from cloud_sync.ledger.engine import Store
from cloud_sync.opening.opener import Opener
from gateway import trust
from gateway.buffer.seal import Sealer
from gateway.config import HubConfig
from gateway.uplink.mqtt import tls_context
from tests.bench import bare
from tests.bench.bare import CLINIC_TABLE, Sqlite, seconds
from tests.bench.figures import Figure, What, compared, in_turn
from tests.bench.ground import Ground, reading
from tests.support.clinic import enrol_hub, make_clinic
from tests.support.hubs import Hub

MESSAGES = 20  # a transaction: what comes in 50 ms when ingest is busy
A_MESSAGE = topics.MAX_ENVELOPES
AIM = 0.5
_EPOCH = 7
_PARTS = "Ed25519 check + SHA-256 + bare insert + receipt signature / 20"
Messages = list[list[bytes]]


def measure(directory: Path, rounds: int) -> Figure:
    """In one process: examine, store, sign receipts, in transactions of 400 envelopes."""
    config = make_clinic(directory / "ingest")
    with closing(stores.open_own(config)) as store:
        hub = enrol_hub(config, store)
        opener = Opener(store, keys.load_recipients(config.keys), lambda: 1)
        worker = Subscriber(serve._ingest_settings(config, store, opener))
        batches = [_sealed_by(hub, turn) for turn in range(rounds)]
        with _bare_clinic(directory / "bare-ingest.db", hub.signing.public_key()) as limit:

            def ours(turn: int) -> float:
                return _rate(lambda: worker._settle(_deliveries(hub.id, batches[turn])))

            mine, bounds = in_turn(
                rounds, ours, lambda turn: _bare_rate(limit, batches[turn], turn)
            )
        _expect(store, rounds)
    what = What(name="receipted envelopes, in process", limit_is=_PARTS, unit="1/s", aim=AIM)
    return compared(what, mine, bounds)


def through_broker(ground: Ground, rounds: int) -> Figure:
    """From the first publish to the last receipt of 400 envelopes, opener included."""
    config = ground.enrol("burst")
    key = Ed25519PrivateKey.from_private_bytes(config.signing_key.read_bytes())
    known = trust.newest(config, trust.read_root(config))
    sealer = Sealer(config, known, key)
    batches = [_sealed(sealer, config, turn) for turn in range(rounds)]
    tls = tls_context(ca=config.clinic_ca, certificate=config.certificate, key=config.tls_key)
    with (
        _bare_clinic(ground.directory / "bare-burst.db", key.public_key()) as limit,
        closing(bare.Peer(config.broker_port, tls, client_id=config.hub)) as link,
    ):
        link.subscribe(topics.ack(config.hub))
        seen: list[bytes] = []

        def ours(turn: int) -> float:
            payloads = [topics.join(message) for message in batches[turn]]

            def work() -> None:
                for payload in payloads:
                    link.publish(topics.up(config.hub), payload)
                seen.extend(link.receive() for _ in payloads)

            rate = _rate(work)
            time.sleep(0.3)  # the opener finishes what the burst left it
            return rate

        mine, bounds = in_turn(rounds, ours, lambda turn: _bare_rate(limit, batches[turn], turn))
    believed = [receipt.verify(raw, known.receipt_public_keys()) for raw in seen]
    held = sum(entry.held_by_clinic for each in believed if each for entry in each.entries)
    assert held == rounds * MESSAGES * A_MESSAGE, "not every envelope was receipted"
    what = What(
        name="receipted envelopes, Mosquitto and serve",
        limit_is=f"{_PARTS}; no broker, no opener",
        unit="1/s",
    )
    return compared(what, mine, bounds)


def _sealed_by(hub: Hub, turn: int) -> Messages:
    return [
        [hub.seal(1 + number, encode(reading(hub.id, number))) for number in numbers]
        for numbers in _numbers(turn)
    ]


def _sealed(sealer: Sealer, config: HubConfig, turn: int) -> Messages:
    return [
        [
            sealer.seal(reading(config.hub, number), epoch=_EPOCH, seq=1 + number)
            for number in numbers
        ]
        for numbers in _numbers(turn)
    ]


def _numbers(turn: int) -> Iterator[range]:
    for message in range(MESSAGES):
        first = (turn * MESSAGES + message) * A_MESSAGE
        yield range(first, first + A_MESSAGE)


def _deliveries(hub: str, messages: Sequence[Sequence[bytes]]) -> list[Delivery]:
    topic = topics.up(hub)
    return [
        Delivery(link=-1, mid=number, topic=topic, payload=topics.join(message))
        for number, message in enumerate(messages)
    ]


def _rate(work: Callable[[], object]) -> float:
    return MESSAGES * A_MESSAGE / seconds(work)


def _bare_rate(limit: bare.Clinic, messages: Messages, turn: int) -> float:
    return _rate(lambda: limit.take(messages, turn * MESSAGES * A_MESSAGE))


@contextmanager
def _bare_clinic(path: Path, hub_key: Ed25519PublicKey) -> Iterator[bare.Clinic]:
    rows = Sqlite(path, table=CLINIC_TABLE, journal="WAL", synchronous="FULL")
    with closing(rows):
        yield bare.Clinic(rows, hub_key)


def _expect(store: Store, rounds: int) -> None:
    """A figure for work that was not done would be worth nothing."""
    with store.read() as db:
        stored = db.exec_driver_sql("SELECT count(*) FROM envelope").scalar()
    assert stored == rounds * MESSAGES * A_MESSAGE, "not every envelope was stored"
