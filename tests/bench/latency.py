"""From `Custody.keep` called to its verified receipt applied, through every real part.

The hub's collector side runs here and settles as soon as receipts.db changes; the uplink is its
own process, the broker Mosquitto over TLS, the clinic `vitals-clinic serve`. What the pauses
between looks add is told apart: a reading comes at no fixed moment of them.
"""

import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud_sync.contract import topics
from cloud_sync.identity import services
from cloud_sync.ingest.control import client_context
from gateway.buffer.custody import Custody, open_custody
from gateway.collector import SETTLE_SECONDS
from gateway.config import HubConfig
from gateway.uplink.mqtt import tls_context
from gateway.uplinker import POLL_MS
from tests.bench.bare import CLINIC_TABLE, HUB_TABLE, Peer, Sqlite, seconds
from tests.bench.figures import Figure, What, compared, quantile, tail
from tests.bench.ground import Ground, reading
from tests.support.processes import Child

_ENVELOPE_BYTES, _RECEIPT_BYTES = 1768, 146
_PATIENCE_SECONDS = 20
_LOOK_SECONDS = 0.0005
_REST_SECONDS = 0.25  # at most, drawn: readings do not come in step with anything
_LIMIT_IS = "one bare commit on each side + bare QoS 1 round trip over the same broker"


@dataclass(frozen=True, kw_only=True)
class Trip:
    """Milliseconds of one reading: sealed, its receipt on the hub's disk, applied."""

    kept_ms: float
    receipt_ms: float
    applied_ms: float


def measure(ground: Ground, rounds: int) -> tuple[list[Figure], str]:
    """p50 and p99 of whole trips, and where the median trip's time goes."""
    config, drawn = ground.enrol("latency"), random.Random(1)
    trips: list[Trip] = []
    limits: list[float] = []
    with (
        closing(open_custody(config)) as custody,
        _uplink(config, ground.stage.logs),
        _bare_trip(ground) as bare_ms,
    ):
        for number in range(-3, rounds):  # the first few find caches and connections cold
            time.sleep(drawn.uniform(0, _REST_SECONDS))
            trip, limit = _trip(custody, config, number + 10), bare_ms(number + 10)
            if number >= 0:
                trips.append(trip)
                limits.append(limit)
    ours = [trip.applied_ms for trip in trips]
    figures = [
        compared(_what("p50"), ours, limits),
        tail(_what("p99"), ours, limits, 0.99),
    ]
    return figures, _parts(trips)


def _what(which: str) -> What:
    name = f"capture to receipt, {which}"
    return What(name=name, limit_is=_LIMIT_IS, unit="ms", more_is_better=False)


def _parts(trips: list[Trip]) -> str:
    kept = quantile([trip.kept_ms for trip in trips], 0.5)
    way = quantile([trip.receipt_ms - trip.kept_ms for trip in trips], 0.5)
    applied = quantile([trip.applied_ms - trip.receipt_ms for trip in trips], 0.5)
    return (
        f"median trip: sealed {kept:.1f} ms, there and back {way:.1f} ms, applied {applied:.1f} ms."
        f" The uplink looks every {POLL_MS} ms, which is {POLL_MS / 2:.0f} ms of the mean trip;"
        f" an installed collector applies receipts every {SETTLE_SECONDS:.0f} s,"
        " which is not in these figures"
    )


def _trip(custody: Custody, config: HubConfig, number: int) -> Trip:
    started = time.perf_counter()

    def since_ms() -> float:
        return (time.perf_counter() - started) * 1000

    custody.keep(reading(config.hub, number))
    kept_ms = since_ms()
    mark = _mark(config.receipts_db)
    while True:
        while mark == (mark := _mark(config.receipts_db)):
            assert since_ms() < _PATIENCE_SECONDS * 1000, "no receipt came"
            time.sleep(_LOOK_SECONDS)
        receipt_ms = since_ms()
        if custody.settle():
            return Trip(kept_ms=kept_ms, receipt_ms=receipt_ms, applied_ms=since_ms())


def _mark(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@contextmanager
def _uplink(config: HubConfig, logs: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "gateway.cli", "uplink", "--state", str(config.directory)]
    with Child("uplink", command, logs / "uplink-latency.log"):
        yield


class _Bare:
    """A commit as on the hub, a commit as at the clinic, two messages through the broker."""

    def __init__(self, ground: Ground, stack: ExitStack) -> None:
        config = ground.enrol("echo")
        at = ground.directory
        self._hub_rows = stack.enter_context(
            closing(
                Sqlite(at / "bare-hub.db", table=HUB_TABLE, journal="DELETE", synchronous="EXTRA")
            )
        )
        self._clinic_rows = stack.enter_context(
            closing(
                Sqlite(at / "bare-clinic.db", table=CLINIC_TABLE, journal="WAL", synchronous="FULL")
            )
        )
        files = services.paths(ground.stage.clinic)
        inner = client_context(files, files.ingest)
        outer = tls_context(ca=config.clinic_ca, certificate=config.certificate, key=config.tls_key)
        self._worker = stack.enter_context(
            closing(Peer(ground.worker_port, inner, client_id="bench-worker"))
        )
        self._hub = stack.enter_context(
            closing(Peer(config.broker_port, outer, client_id=config.hub))
        )
        self._topic = topics.ack(config.hub)
        self._hub.subscribe(self._topic)

    def __call__(self, number: int) -> float:
        return 1000 * seconds(lambda: self._work(number))

    def _work(self, number: int) -> None:
        identity, raw = number.to_bytes(32, "big"), bytes(_ENVELOPE_BYTES)
        self._hub_rows.commit([(number, identity, raw, 1)])
        self._clinic_rows.commit([(identity, "f" * 32, 7, number, 2, 1, raw, 1)])
        # Both towards the hub: no clinic in the middle hears them, and the way is as long.
        for payload in (raw, bytes(_RECEIPT_BYTES)):
            self._worker.publish(self._topic, payload)
            self._hub.receive()


@contextmanager
def _bare_trip(ground: Ground) -> Iterator[_Bare]:
    with ExitStack() as stack:
        yield _Bare(ground, stack)
