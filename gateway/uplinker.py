"""The uplink process: sealed envelopes out, signed receipts in. It sees ciphertext only."""

import logging
import os
import queue
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from cloud_sync.contract import receipt as receipts_contract, topics
from gateway import trust
from gateway.buffer import outbox
from gateway.buffer.database import OwnerDown
from gateway.buffer.receipts import Link as LinkNote, ReceiptStore
from gateway.config import HubConfig, load
from gateway.files import write_atomic
from gateway.health.notify import watched
from gateway.uplink import mqtt
from gateway.uplink.mqtt import Link
from gateway.uplink.state import Message, Sealed, Uplink

POLL_MS = 50  # how often we look whether sealed.db has changed
LOOK_MS = 2_000  # and look inside all the same: two commits can share a time stamp
REWIND_MS = 900_000  # how often we begin again with the oldest held envelope
CLONE_PAUSE_MS = 900_000  # displaced by a second hub with our identity: leave it the field
PAGE = 100
# Seconds for the two loops: ours, and the network thread of the MQTT library.
LIMITS_S = {"sending": 30.0, "network": 60.0}
NOBODY = "the clinic's server is not listening; readings wait here until it does"
CLONED = "another device connects with this hub's identity: tell the clinic"
REFUSED = "the clinic's broker does not accept messages from this hub: tell the clinic"
_log = logging.getLogger(__name__)


class _Stop:
    """In the queue of events: end the process in order."""


class Uplinker:
    """Wires the collector's database, the sending machine, the link and receipts.db."""

    def __init__(
        self,
        config: HubConfig,
        *,
        reconnect_seconds: tuple[int, int],
        progress: Callable[[str], None] = lambda _loop: None,
    ) -> None:
        self._config = config
        self._progress = progress
        self._root = trust.read_root(config)
        self._keys = trust.newest(config, self._root)
        self._tls = mqtt.tls_context(
            ca=config.clinic_ca, certificate=config.certificate, key=config.tls_key
        )
        self._receipts = ReceiptStore(config.receipts_db)
        self._reconnect_seconds = reconnect_seconds
        self._events: queue.SimpleQueue[tuple[int, mqtt.Event | _Stop]] = queue.SimpleQueue()
        self._machine = Uplink(hub=bytes.fromhex(config.hub), epoch=0)
        self._link: Link | None = None
        self._links = 0  # counts them: what an earlier one still says is passed over
        self._session = 0
        self._numbers: dict[int, int] = {}  # message number by publish id, of this session
        self._note: LinkNote | None = None
        self._cursor = 0
        self._mark: object = None  # of sealed.db at the last look
        self._more = True  # held envelopes beyond the cursor, or perhaps so
        self._looked_ms = self._rewound_ms = -REWIND_MS
        self._document = self._stated = b""
        self._pause_until_ms = 0

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler."""
        self._events.put((0, _Stop()))

    def run(self) -> None:
        """Until `stop`. Faults of storage end the process."""
        self._tell_link(connected=False)
        self._open_link()
        try:
            while self._step():
                pass
        finally:
            if self._link is not None:
                self._link.stop()
            self._tell_link(connected=False)
            self._receipts.close()

    def _step(self) -> bool:
        """Wait for an event or the next moment to look; False when it is time to end."""
        wake_ms = self._machine.wake_ms()
        pause = POLL_MS if wake_ms is None else min(POLL_MS, max(0, wake_ms - _now_ms()))
        try:
            link, event = self._events.get(timeout=pause / 1000)
        except queue.Empty:
            pass
        else:
            if isinstance(event, _Stop):
                return False
            if link == self._links and self._link is not None:
                self._handle(event)
        now_ms = _now_ms()
        if self._link is None and now_ms >= self._pause_until_ms:
            self._open_link()
        self._look(now_ms)
        self._send(now_ms)
        self._state()
        self._progress("sending")
        if self._link is None or self._link.is_alive:  # else it was displaced, and waits
            self._progress("network")
        return True

    def _handle(self, event: mqtt.Event) -> None:
        match event:
            case mqtt.Connected():
                self._session, self._numbers, self._stated = event.session, {}, b""
                self._machine.on_connected()
                self._tell_link(connected=True)
            case mqtt.ConnectFailed():
                self._connect_failed(event.refused)
            case mqtt.Disconnected():
                self._disconnected(event.code)
            case mqtt.Published() if event.session == self._session:
                self._published(event)
            case mqtt.Arrived(topic=topics.KEYSET):
                self._adopt(event.payload)
            case mqtt.Arrived():
                self._receipt(event.payload)

    def _connect_failed(self, refused: str) -> None:
        if refused:
            trouble = f"the clinic's broker refuses this hub: {refused}. Tell the clinic"
            self._tell_link(connected=False, trouble=trouble)
        else:
            where = f"{self._config.broker_host}:{self._config.broker_port}"
            self._tell_link(connected=False, reason=f"no answer from {where}")

    def _disconnected(self, code: int | None) -> None:
        self._machine.on_disconnected()
        displaced = code == mqtt.TAKEN_OVER
        self._tell_link(connected=False, trouble=CLONED if displaced else "")
        if displaced and self._link is not None:
            _log.error("displaced by another connection with this hub's identity")
            self._link.stop()
            self._link = None
            self._pause_until_ms = _now_ms() + CLONE_PAUSE_MS

    def _published(self, event: mqtt.Published) -> None:
        """A code from 0x80 means not sent. Below it the broker has it, which proves nothing."""
        number = self._numbers.pop(event.mid, None)
        if event.code >= mqtt.REFUSED:
            _log.error("publish refused with code 0x%02x", event.code)
            self._tell_link(connected=True, trouble=REFUSED)
            if number is not None:
                self._machine.on_failed(number, _chance())
        elif number is not None and event.code == mqtt.NOBODY_LISTENS:
            self._tell_link(connected=True, reason=NOBODY)

    def _receipt(self, raw: bytes) -> None:
        receipt = receipts_contract.verify(raw, self._keys.receipt_public_keys())
        if receipt is None:
            _log.warning("ignored %d bytes that are no receipt of the clinic", len(raw))
            return
        applied = self._machine.on_receipt(receipt, _now_ms())
        if applied.received or applied.refused:
            self._receipts.add(raw)  # before the collector could miss it: a crash only resends
            self._tell_link(connected=True)

    def _adopt(self, raw: bytes) -> None:
        """Keep a newer key set that the pinned root signed; the collector checks it again."""
        found = trust.usable(raw, self._config, self._root)
        if found is None:
            _log.warning("ignored a key set that the clinic's root did not sign for this hub")
        elif found.version > self._keys.version:
            write_atomic(self._config.keysets[1], raw)
            self._keys = found

    def _look(self, now_ms: int) -> None:
        """Offer the machine what the collector holds, in order, a page at a time."""
        rewind = now_ms - self._rewound_ms >= REWIND_MS
        if rewind:
            self._rewound_ms, self._cursor, self._more = now_ms, 0, True
            self._machine.forget_settled(now_ms)
        mark, hungry = self._file_mark(), self._machine.hungry
        changed = mark != self._mark or now_ms - self._looked_ms >= LOOK_MS
        if not changed and not (self._more and hungry):
            return
        limit = PAGE if hungry else 0
        view = outbox.look(self._config.sealed_db, after_seq=self._cursor, limit=limit)
        self._looked_ms = now_ms
        if isinstance(view, OwnerDown):
            return
        if view.counters.epoch != self._machine.epoch:
            self._new_epoch(view.counters.epoch)
            return
        self._mark, self._more = mark, len(view.held) == limit
        self._document = view.document or b""
        held = [Sealed(seq=each.seq, id=each.id, raw=each.raw) for each in view.held]
        self._machine.offer(held, now_ms)
        self._cursor = held[-1].seq if held else self._cursor
        if rewind:
            self._receipts.drop_settled(
                file=view.counters.receipts_file, settled=view.counters.settled
            )

    def _new_epoch(self, epoch: int) -> None:
        """The collector's database is another one: its numbers have begun again."""
        connected = self._machine.connected
        self._machine = Uplink(hub=bytes.fromhex(self._config.hub), epoch=epoch)
        self._cursor, self._more = 0, True
        if connected:
            self._machine.on_connected()

    def _send(self, now_ms: int) -> None:
        message: Message | None = self._machine.next_message(now_ms, _chance())
        if message is None or self._link is None:
            return
        mid = self._link.publish(topics.up(self._config.hub), message.payload)
        if mid is not None:  # else a Disconnected is on its way, and puts the message back
            self._numbers[mid] = message.number

    def _state(self) -> None:
        """The collector's signed state, retained: once a session and after each change."""
        if not self._document or self._document == self._stated or self._link is None:
            return
        topic = topics.state(self._config.hub)
        if self._link.publish(topic, self._document, retain=True) is not None:
            self._stated = self._document

    def _open_link(self) -> None:
        self._links += 1
        number = self._links
        self._link = Link(
            hub=self._config.hub,
            tls=self._tls,
            events=lambda event: self._events.put((number, event)),
            reconnect_seconds=self._reconnect_seconds,
        )
        self._link.start(self._config.broker_host, self._config.broker_port)

    def _tell_link(self, *, connected: bool, trouble: str = "", reason: str = "") -> None:
        """Note a change for `vitals-hub status`; the card is not written for the same news."""
        at_ms = time.time_ns() // 1_000_000
        note = LinkNote(connected=connected, since_ms=at_ms, trouble=trouble, reason=reason)
        before = self._note
        if before is None or note != msgspec.structs.replace(before, since_ms=at_ms):
            self._note = note
            self._receipts.note_link(note)

    def _file_mark(self) -> object:
        """Changes whenever sealed.db is written."""
        try:
            found = self._config.sealed_db.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def main(state_dir: Path) -> None:
    """Run the uplink of an enrolled hub until SIGTERM or SIGINT."""
    drawn = random.SystemRandom()
    config = load(state_dir)
    with watched(LIMITS_S) as dog:
        uplinker = Uplinker(
            config, reconnect_seconds=_reconnect_seconds(drawn), progress=dog.progress
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: uplinker.stop())
        uplinker.run()


def _reconnect_seconds(drawn: random.Random) -> tuple[int, int]:
    """Drawn once a process, so that all hubs do not come back in step.

    VITALS_RECONNECT_SECONDS ("1-5") shortens it for a demonstration or a fault test.
    """
    given = os.environ.get("VITALS_RECONNECT_SECONDS", "")
    if given:
        shortest, _, longest = given.partition("-")
        return int(shortest), int(longest or shortest)
    return drawn.randint(1, 15), drawn.randint(90, 180)


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _chance() -> float:
    return random.random()  # noqa: S311  jitter, no secret
