"""What to send next, and when again: pure. Time is an argument, chance is an argument.

One message of up to 20 envelopes is in flight: that is the whole window. An envelope leaves the
machine on a receipt that names its number and its hash, and in no other way.
"""

from collections.abc import Iterable

import msgspec

from cloud_sync.contract import topics
from cloud_sync.contract.receipt import Receipt

WINDOW = topics.MAX_ENVELOPES
SILENCE_MS = 30_000  # without a receipt for so long, an envelope is sent again
SILENCE_MAX_MS = 900_000
JITTER = 0.3  # so that hubs do not come back in step
SETTLING_MS = 900_000  # the collector has so long to apply a receipt before we ask again


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope as the collector keeps it."""

    seq: int
    id: bytes
    raw: bytes


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """1 to 20 envelopes to publish together; `number` names this attempt."""

    number: int
    envelopes: tuple[Sealed, ...]

    @property
    def payload(self) -> bytes:
        return topics.join([each.raw for each in self.envelopes])


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt changed here."""

    received: int
    refused: int


class _Waiting(msgspec.Struct, kw_only=True):
    """An envelope without a receipt; due as soon as it is known."""

    sealed: Sealed
    attempts: int = 0
    due_ms: int = 0


def backoff_ms(attempts: int, chance: float) -> int:
    """How long to wait for a receipt after so many attempts; `chance` is in 0 to 1."""
    doubled = SILENCE_MS * 2 ** min(max(attempts, 1) - 1, 16)
    return int(min(doubled, SILENCE_MAX_MS) * (1 - JITTER + 2 * JITTER * chance))


class Uplink:
    """One hub, one epoch. All times are milliseconds of one monotonic clock."""

    def __init__(self, *, hub: bytes, epoch: int) -> None:
        self.hub = hub
        self.epoch = epoch
        self.connected = False
        self._waiting: dict[int, _Waiting] = {}
        self._settling: dict[int, int] = {}  # receipted, not yet seen as such in sealed.db
        self._flight: set[int] = set()
        self._flight_number = 0
        self._flight_until_ms = 0
        self._sent_ms = 0
        self._silences = 0  # messages without any receipt, in a row
        self._resend_after_ms = 0

    @property
    def in_flight(self) -> frozenset[int]:
        """Numbers of the envelopes that wait for a receipt of the last message."""
        return frozenset(self._flight)

    @property
    def waiting(self) -> int:
        """Envelopes known here and without a receipt."""
        return len(self._waiting)

    @property
    def hungry(self) -> bool:
        """Whether to offer more from the store: a full message beside the one in flight."""
        fresh = sum(1 for each in self._waiting.values() if each.attempts == 0)
        return fresh < 2 * WINDOW

    def offer(self, held: Iterable[Sealed], now_ms: int) -> None:
        """Envelopes that the collector holds. What is known or just receipted is passed over."""
        for sealed in held:
            if sealed.seq in self._waiting or self._settling.get(sealed.seq, 0) > now_ms:
                continue
            self._settling.pop(sealed.seq, None)
            self._waiting[sealed.seq] = _Waiting(sealed=sealed)

    def forget_settled(self, now_ms: int) -> None:
        """Before the store is offered again from its start: whatever is still held is re-sent."""
        self._settling = {seq: until for seq, until in self._settling.items() if until > now_ms}

    def on_connected(self) -> None:
        self.connected = True

    def on_disconnected(self) -> None:
        """A first attempt that the link cut short is due again at once; later ones keep waiting."""
        self.connected = False
        for seq in self._flight:
            if self._waiting[seq].attempts == 1:
                self._waiting[seq].due_ms = 0
        self._flight.clear()

    def on_failed(self, number: int, chance: float) -> None:
        """The broker took the message with a code from 0x80: it was not sent."""
        if number == self._flight_number and self._flight:
            self._fall_silent(chance)

    def next_message(self, now_ms: int, chance: float) -> Message | None:
        """The message to publish now, if any. It is counted as in flight from here on."""
        if not self.connected or (self._flight and now_ms < self._flight_until_ms):
            return None
        if self._flight:
            self._fall_silent(chance)
        chosen = self._choose(now_ms)
        if not chosen:
            return None
        for each in chosen:
            each.attempts += 1
            each.due_ms = now_ms + backoff_ms(each.attempts, chance)
        self._flight = {each.sealed.seq for each in chosen}
        self._flight_number += 1
        self._flight_until_ms = now_ms + backoff_ms(1, chance)
        self._sent_ms = now_ms
        return Message(number=self._flight_number, envelopes=tuple(each.sealed for each in chosen))

    def on_receipt(self, receipt: Receipt, now_ms: int) -> Applied:
        """Apply a receipt whose signature has been verified; number and hash must both match."""
        if receipt.hub != self.hub or receipt.epoch != self.epoch:
            return Applied(received=0, refused=0)
        received = refused = 0
        for entry in receipt.entries:
            waiting = self._waiting.get(entry.seq)
            if waiting is None or waiting.sealed.id != entry.envelope_id:
                continue
            del self._waiting[entry.seq]
            self._flight.discard(entry.seq)
            self._settling[entry.seq] = now_ms + SETTLING_MS
            received += entry.held_by_clinic
            refused += not entry.held_by_clinic
        if received or refused:
            self._hear(now_ms)
        return Applied(received=received, refused=refused)

    def wake_ms(self) -> int | None:
        """When `next_message` may have something again; None where only an event can tell."""
        if not self.connected or not self._waiting:
            return None
        if self._flight:
            return self._flight_until_ms
        return min(self._ready_ms(each) for each in self._waiting.values())

    def _choose(self, now_ms: int) -> list[_Waiting]:
        """Least tried first, so that one unanswered envelope holds nobody up; in order of seq."""
        ready = [each for each in self._waiting.values() if self._ready_ms(each) <= now_ms]
        ready.sort(key=lambda each: (each.attempts, each.sealed.seq))
        return sorted(ready[:WINDOW], key=lambda each: each.sealed.seq)

    def _ready_ms(self, each: _Waiting) -> int:
        """A new envelope goes at once; one that was tried waits while the clinic is silent."""
        return max(each.due_ms, self._resend_after_ms) if each.attempts else 0

    def _fall_silent(self, chance: float) -> None:
        self._flight.clear()
        self._silences += 1
        self._resend_after_ms = self._sent_ms + backoff_ms(self._silences, chance)

    def _hear(self, now_ms: int) -> None:
        """The clinic answers: what waited out its silence is due now."""
        if self._silences:
            for each in self._waiting.values():
                if each.sealed.seq not in self._flight:
                    each.due_ms = min(each.due_ms, now_ms)
        self._silences = 0
        self._resend_after_ms = 0
