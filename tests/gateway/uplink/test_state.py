"""The sending machine against a world that loses, repeats, reorders and forges."""

import hashlib
from collections.abc import Iterable

import pytest
from hypothesis import given, settings, strategies as st

from cloud_sync.contract import topics
from cloud_sync.contract.receipt import Reason, Receipt, Receipted, Status
from gateway.uplink.state import (
    SETTLING_MS,
    SILENCE_MAX_MS,
    SILENCE_MS,
    WINDOW,
    Applied,
    Message,
    Sealed,
    Uplink,
    backoff_ms,
)

HUB = bytes(range(16))
EPOCH = 77
NOW = 1_000


def sealed(seq: int) -> Sealed:
    raw = b"envelope" + seq.to_bytes(8, "big")
    return Sealed(seq=seq, id=hashlib.sha256(raw).digest(), raw=raw)


def receipt(
    items: Iterable[Sealed], status: Status = Status.STORED, hub: bytes = HUB, epoch: int = EPOCH
) -> Receipt:
    entries = tuple(Receipted(seq=i.seq, envelope_id=i.id, status=status) for i in items)
    return Receipt(key_id=1, epoch=epoch, hub=hub, committed_at_ms=0, entries=entries)


def machine(*seqs: int, connected: bool = True) -> Uplink:
    made = Uplink(hub=HUB, epoch=EPOCH)
    made.offer([sealed(seq) for seq in seqs], NOW)
    if connected:
        made.on_connected()
    return made


def sent(message: Message | None) -> list[int]:
    return [each.seq for each in message.envelopes] if message else []


def test_one_reading_goes_at_once_and_alone() -> None:
    uplink = machine(1)
    message = uplink.next_message(NOW, 0.5)
    assert message is not None
    assert topics.split(message.payload) == (sealed(1).raw,)


def test_a_backlog_goes_twenty_at_a_time_in_order_and_the_next_waits_for_the_receipt() -> None:
    uplink = machine(*range(45, 0, -1))
    first = uplink.next_message(NOW, 0.5)
    assert first is not None
    assert sent(first) == list(range(1, 21))
    assert uplink.next_message(NOW + 1, 0.5) is None
    uplink.on_receipt(receipt(first.envelopes[:19]), NOW + 2)
    assert uplink.next_message(NOW + 3, 0.5) is None
    uplink.on_receipt(receipt(first.envelopes[19:]), NOW + 4)
    assert sent(uplink.next_message(NOW + 5, 0.5)) == list(range(21, 41))


def test_nothing_goes_without_a_connection() -> None:
    uplink = machine(1, connected=False)
    assert uplink.next_message(NOW, 0.5) is None
    assert uplink.wake_ms() is None


def test_silence_brings_the_same_bytes_again_after_30_s_doubling_to_15_minutes() -> None:
    uplink = machine(1)
    now, pauses = NOW, []
    first = uplink.next_message(now, 0.5)
    for _ in range(8):
        again, started = None, now
        while again is None:
            wake = uplink.wake_ms()
            assert wake is not None
            assert uplink.next_message(wake - 1, 0.5) is None
            now = wake
            again = uplink.next_message(now, 0.5)
        assert first is not None
        assert again.payload == first.payload
        pauses.append((now - started) // 1000)
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]


@given(attempts=st.integers(1, 10_000), chance=st.floats(0, 1))
def test_jitter_stays_within_thirty_percent(attempts: int, chance: float) -> None:
    plain = min(SILENCE_MS * 2 ** min(attempts - 1, 30), SILENCE_MAX_MS)
    assert 0.7 * plain - 1 <= backoff_ms(attempts, chance) <= 1.3 * plain + 1


def test_a_new_reading_does_not_wait_behind_one_that_nobody_answers() -> None:
    uplink = machine(1)
    now = NOW
    for _ in range(5):
        uplink.next_message(now, 0.5)
        now = uplink.wake_ms() or 0
        uplink.next_message(now, 0.5)
        now = uplink.wake_ms() or 0
    uplink.offer([sealed(2)], now)
    message = uplink.next_message(now, 0.5)
    assert 2 in sent(message)
    uplink.on_receipt(receipt([sealed(2)]), now + 10)
    assert uplink.waiting == 1


def test_a_refused_publish_is_not_sent_and_comes_again_later() -> None:
    uplink = machine(1)
    message = uplink.next_message(NOW, 0.5)
    assert message is not None
    uplink.on_failed(message.number, 0.5)
    assert uplink.in_flight == frozenset()
    assert uplink.next_message(NOW + 1, 0.5) is None
    assert sent(uplink.next_message(NOW + SILENCE_MS, 0.5)) == [1]


def test_a_cut_link_sends_again_at_once_the_first_time_and_then_with_patience() -> None:
    uplink = machine(1)
    uplink.next_message(NOW, 0.5)
    uplink.on_disconnected()
    uplink.on_connected()
    assert sent(uplink.next_message(NOW + 1, 0.5)) == [1]
    uplink.on_disconnected()
    uplink.on_connected()
    assert uplink.next_message(NOW + 2, 0.5) is None
    assert sent(uplink.next_message(NOW + 1 + 2 * SILENCE_MS, 0.5)) == [1]


def test_a_refused_envelope_leaves_the_order_of_sending() -> None:
    uplink = machine(1, 2)
    uplink.next_message(NOW, 0.5)
    refused = Receipted(
        seq=1, envelope_id=sealed(1).id, status=Status.REFUSED, reason=Reason.HUB_NOT_ACTIVE
    )
    answer = Receipt(key_id=1, epoch=EPOCH, hub=HUB, committed_at_ms=0, entries=(refused,))
    assert uplink.on_receipt(answer, NOW) == Applied(received=0, refused=1)
    assert uplink.in_flight == {2}
    assert uplink.waiting == 1


@pytest.mark.parametrize(
    "forged",
    [
        receipt([sealed(1)], hub=bytes(16)),
        receipt([sealed(1)], epoch=EPOCH + 1),
        receipt([Sealed(seq=1, id=sealed(2).id, raw=b"")]),
        receipt([Sealed(seq=2, id=sealed(1).id, raw=b"")]),
    ],
    ids=["hub", "epoch", "hash", "seq"],
)
def test_a_receipt_that_does_not_fit_wholly_changes_nothing(forged: Receipt) -> None:
    uplink = machine(1)
    uplink.next_message(NOW, 0.5)
    assert uplink.on_receipt(forged, NOW) == Applied(received=0, refused=0)
    assert uplink.waiting == 1


def test_what_was_receipted_is_sent_again_only_if_the_collector_still_holds_it_much_later() -> None:
    uplink = machine(1)
    uplink.next_message(NOW, 0.5)
    uplink.on_receipt(receipt([sealed(1)]), NOW)
    uplink.offer([sealed(1)], NOW + 1)
    assert uplink.waiting == 0
    later = NOW + SETTLING_MS
    uplink.forget_settled(later)
    uplink.offer([sealed(1)], later)
    assert sent(uplink.next_message(later, 0.5)) == [1]


class World:
    """A clinic and a network that do what a list of choices says."""

    def __init__(self, count: int) -> None:
        self.uplink = Uplink(hub=HUB, epoch=EPOCH)
        self.now = NOW
        self.held = {seq: sealed(seq) for seq in range(1, count + 1)}  # the collector's rows
        self.stored: set[int] = set()
        self.on_the_way: list[Message] = []
        self.answers: list[Receipt] = []
        self.genuine: set[int] = set()  # named by a receipt that reached the hub

    def step(self, choice: int, chance: float) -> None:
        actions = [
            self.offer,
            self.connect,
            self.cut,
            self.clinic_takes_oldest,
            self.clinic_takes_newest,
            self.lose_message,
            self.answer_arrives,
            self.answer_arrives_twice,
            self.lose_answers,
            self.forge,
            self.wait,
        ]
        actions[choice % len(actions)]()
        self.send(chance)

    def send(self, chance: float) -> None:
        message = self.uplink.next_message(self.now, chance)
        if message is not None:
            self.on_the_way.append(message)
            assert {each.seq for each in message.envelopes} == self.uplink.in_flight
        assert len(self.uplink.in_flight) <= WINDOW
        known = set(self.uplink._waiting) | self.genuine
        assert set(self.offered) <= known, "something was forgotten without a receipt"

    @property
    def offered(self) -> set[int]:
        return getattr(self, "_offered", set())

    def offer(self) -> None:
        rows = list(self.held.values())[:30]
        self._offered = self.offered | {each.seq for each in rows}
        self.uplink.offer(rows, self.now)

    def connect(self) -> None:
        self.uplink.on_connected()

    def cut(self) -> None:
        """The broker restarts: everything it had is gone."""
        self.on_the_way.clear()
        self.answers.clear()
        self.uplink.on_disconnected()

    def clinic_takes_oldest(self) -> None:
        self.take(0)

    def clinic_takes_newest(self) -> None:
        self.take(-1)

    def take(self, index: int) -> None:
        if self.on_the_way:
            message = self.on_the_way.pop(index)
            self.stored |= {each.seq for each in message.envelopes}
            self.answers.append(receipt(message.envelopes))

    def lose_message(self) -> None:
        self.on_the_way = self.on_the_way[1:]

    def answer_arrives(self) -> None:
        if self.answers:
            self.hear(self.answers.pop())

    def answer_arrives_twice(self) -> None:
        if self.answers:
            self.hear(self.answers[0])
            self.hear(self.answers.pop(0))

    def hear(self, answer: Receipt) -> None:
        self.genuine |= {entry.seq for entry in answer.entries}
        self.uplink.on_receipt(answer, self.now)
        for entry in answer.entries:  # the collector settles
            self.held.pop(entry.seq, None)

    def lose_answers(self) -> None:
        self.answers.clear()

    def forge(self) -> None:
        for seq in list(self.held)[:3]:
            lie = Sealed(seq=seq, id=sealed(seq + 1).id, raw=b"")
            self.uplink.on_receipt(receipt([lie]), self.now)
            self.uplink.on_receipt(receipt([sealed(seq)], epoch=EPOCH + 1), self.now)

    def wait(self) -> None:
        self.now += 20_000


@settings(max_examples=150, deadline=None)
@given(
    count=st.integers(1, 60),
    choices=st.lists(st.tuples(st.integers(0, 10), st.floats(0, 1)), max_size=120),
)
def test_never_forgets_without_a_receipt_and_in_the_end_the_clinic_has_all(
    count: int, choices: list[tuple[int, float]]
) -> None:
    world = World(count)
    for choice, chance in choices:
        world.step(choice, chance)
    world.connect()
    for _ in range(40 + 2 * count):  # from here on the world is fair
        world.offer()
        world.send(0.5)
        world.clinic_takes_oldest()
        world.answer_arrives()
        world.now = max(world.now + 1, world.uplink.wake_ms() or 0)
    assert world.stored == set(range(1, count + 1))
    assert world.held == {}
