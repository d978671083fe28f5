"""The driver between session and link: order, limits, and what a fault of the desk does."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import msgspec
import pytest

from cloud_sync.contract.observation import Received
from cloud_sync.contract.readings import Outcome, RacpResponse
from gateway.conversation import converse, decode_as
from gateway.sessions.link import LinkError, OnValue
from gateway.sessions.push import PushSession
from gateway.sessions.steps import Finish, Keep
from tests.gateway.sessions.scripted import NOON, NOON_MS, profile
from tests.virtual import payloads

AND = profile("and/ua-651ble")
READING = payloads.blood_pressure(120, 80, 60, NOON)


class FakeLink:
    """A cuff without a radio. `script` runs when 2A35 is subscribed to."""

    def __init__(self, script: Callable[["FakeLink"], None]) -> None:
        self.channels = frozenset({"2A35", "2A08"})
        self.is_up = True
        self.asked: list[str] = []
        self.refuse: str | None = None
        self.clock = payloads.date_time(NOON)
        self._script = script
        self._send: OnValue = lambda _channel, _raw: None
        self._tell: Callable[[], None] = lambda: None

    def on_drop(self, callback: Callable[[], None]) -> None:
        self._tell = callback

    async def read(self, channel: str) -> bytes:
        self._ask("read", channel)
        return self.clock

    async def write(self, channel: str, payload: bytes) -> None:
        self._ask("write", channel)
        self.clock = payload

    async def subscribe(self, channel: str, on_value: OnValue) -> None:
        self._ask("subscribe", channel)
        self._send = on_value
        self._script(self)

    def send(self, raw: bytes = READING) -> None:
        self._send("2A35", raw)

    def drop(self) -> None:
        self.is_up = False
        self._tell()

    def _ask(self, what: str, channel: str) -> None:
        self.asked.append(f"{what} {channel}")
        if self.refuse == self.asked[-1]:
            raise LinkError("no answer in time")


class FakeDesk:
    """Keeps in a list, or fails to."""

    def __init__(self, fault: BaseException | None = None) -> None:
        self.kept: list[bytes] = []
        self.fault = fault

    def decode(self, channel: str, raw: bytes) -> Outcome:
        return decode_as(AND, channel, raw)

    def keep(self, kept: Keep) -> None:
        if self.fault is not None:
            raise self.fault
        self.kept.append(kept.raw)

    def progress(self, sequence: int | None) -> None:
        raise AssertionError(sequence)

    def received(self) -> Received:
        return Received(wall_ms=NOON_MS, boot="0" * 32, monotonic_ms=1, synchronised=True)

    def local(self) -> datetime:
        return NOON


def hold(link: FakeLink, desk: FakeDesk) -> Finish:
    return asyncio.run(converse(link, PushSession(AND), desk))


def test_operations_run_one_after_the_other_and_values_are_kept() -> None:
    def script(link: FakeLink) -> None:
        link.send()
        link.drop()

    link, desk = FakeLink(script), FakeDesk()
    assert hold(link, desk) == Finish(result="complete")
    assert link.asked == ["read 2A08", "write 2A08", "subscribe 2A35"]
    assert desk.kept == [READING]


def test_a_value_is_kept_before_the_radio_gets_its_thread_back() -> None:
    desk, seen = FakeDesk(), []

    def script(link: FakeLink) -> None:
        link.send()
        seen.append(len(desk.kept))
        link.drop()

    hold(FakeLink(script), desk)
    assert seen == [1]


@pytest.mark.parametrize("fault", [OSError("no space"), SystemExit(74)])
def test_a_fault_of_the_desk_reaches_the_radio_and_ends_the_conversation(
    fault: BaseException,
) -> None:
    caught: list[BaseException] = []

    def script(link: FakeLink) -> None:
        try:
            link.send()
        except BaseException as error:  # noqa: BLE001 - what the radio would see
            caught.append(error)

    with pytest.raises(type(fault)):
        hold(FakeLink(script), FakeDesk(fault))
    assert caught == [fault]


def test_an_operation_that_fails_is_told_to_the_session() -> None:
    link = FakeLink(FakeLink.drop)
    link.refuse = "subscribe 2A35"
    assert hold(link, FakeDesk()) == Finish(result="refused", detail="no answer in time")


def test_a_clock_that_fails_costs_no_reading() -> None:
    def script(link: FakeLink) -> None:
        link.send()
        link.drop()

    link, desk = FakeLink(script), FakeDesk()
    link.refuse = "read 2A08"
    assert hold(link, desk).result == "complete"
    assert desk.kept == [READING]


def test_a_link_that_is_gone_already_is_noticed() -> None:
    link = FakeLink(FakeLink.drop)
    link.is_up = False
    assert hold(link, FakeDesk()) == Finish(result="dropped")


def test_quiet_ends_it_by_the_timer() -> None:
    quick = profile("and/ua-651ble")
    session = msgspec.structs.replace(quick.session, quiet_end_ms=20)
    hurried = PushSession(msgspec.structs.replace(quick, session=session))
    desk = FakeDesk()
    finish = asyncio.run(converse(FakeLink(FakeLink.send), hurried, desk))
    assert finish == Finish(result="complete")
    assert desk.kept == [READING]


def test_a_profile_chooses_the_decoder_and_its_hints() -> None:
    raw = bytes.fromhex("16 8600 5200 6300 ea070b18021612 0050 0000")
    big_endian = profile("beurer/bm85")
    assert decode_as(AND, "2A35", raw) != decode_as(big_endian, "2A35", raw)
    assert isinstance(decode_as(AND, "2A52", bytes.fromhex("06000101")), RacpResponse)
