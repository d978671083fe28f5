"""A radio that fails as told: which measures are taken, and what is written down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.health.ladder import LIMITS, Ladder, Rung
from gateway.health.recovery import HealedRadio
from gateway.sessions.link import (
    Ears,
    Link,
    LinkError,
    RadioMuteError,
    RadioRefusedError,
    Sighting,
    Watch,
)
from tests.support.still_radio import StillRadio

NEAR = Sighting(device="ble:1", local_name="A", service_uuids=(), rssi=-50, handle=None)


class Book:
    def __init__(self) -> None:
        self.done: list[tuple[Rung, str, str]] = []
        self.ended: list[str] = []

    def recovered(self, rung: Rung, reason: str, outcome: str) -> None:
        self.done.append((rung, reason, outcome))

    def heard(self, sighting: Sighting) -> None:
        pass

    def attempted(self, _sighting: Sighting, ended: str) -> None:
        self.ended.append(ended)

    def know(self, devices: frozenset[str]) -> None:
        self.known = devices

    def key_missing(self, device: str) -> None:
        self.ended.append(f"{device}: key_missing")

    def background(self, why: str) -> None:
        self.why = why


class Pulse:
    def __init__(self) -> None:
        self.said: list[str] = []

    def progress(self, loop: str) -> None:
        self.said.append(loop)

    def rest(self, loop: str) -> None:
        self.said.append(f"{loop} rests")


class Radio(StillRadio):
    """Scanning fails until it is mended by `cure`; connecting fails with `fault`."""

    def __init__(self, cure: Rung | None) -> None:
        self.cure, self.works, self.fault = cure, cure is None, ""
        self.taken: list[Rung] = []
        self.ears: Ears | None = None

    async def listen(self, on_sighting: Callable[[Sighting], None]) -> None:
        if not self.works:
            raise LinkError("cannot scan: InProgress")
        on_sighting(NEAR)
        await asyncio.sleep(3600)

    async def attend(self, ears: Ears) -> None:
        self.ears = ears
        await asyncio.sleep(3600)

    @asynccontextmanager
    async def connect(self, _sighting: Sighting, **_how: object) -> AsyncIterator[Link]:
        if self.fault:
            raise LinkError(self.fault)
        link: Any = object()
        yield link

    def measure(self, rung: Rung) -> Callable[[str], Any]:
        async def take(_reason: str) -> str:
            self.taken.append(rung)
            self.works = self.works or rung is self.cure
            return "done"

        return take


class Clock:
    """The event loop's time, run through at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, sleep = 0.0, asyncio.sleep
        monkeypatch.setattr("gateway.health.recovery._now", lambda: self.now)

        async def skip(seconds: float) -> None:
            if seconds >= 3600:
                await sleep(seconds)
            self.now += seconds
            await sleep(0)

        monkeypatch.setattr("gateway.health.recovery.asyncio.sleep", skip)


def healed(radio: Radio, book: Book, pulse: Pulse, check_s: float = 5.0) -> HealedRadio:
    rungs = [r for r in Rung if r > Rung.SCANNER_RESTART]
    return HealedRadio(
        radio,
        ladder=Ladder(now=0.0),
        measures={rung: radio.measure(rung) for rung in rungs},
        book=book,
        pulse=pulse,
        check_s=check_s,
    )


def test_what_the_radio_hears_of_bonds_is_taken_down_and_the_rest_is_passed_on() -> None:
    radio, book, strays = Radio(None), Book(), list[bytes]()

    async def story() -> None:
        it = healed(radio, book, Pulse())
        it.watch(Watch(known=frozenset({"ble:1"})))
        attending = asyncio.create_task(
            it.attend(Ears(stray=lambda _device, _channel, raw: strays.append(raw)))
        )
        await asyncio.sleep(0)
        assert radio.ears is not None
        radio.ears.stray("ble:1", "2A35", b"early")
        radio.ears.key_missing("ble:1")
        radio.ears.background("NotSupported")
        radio.fault = "AuthenticationFailed"
        with pytest.raises(LinkError):
            async with it.connect(NEAR, pair=True):
                pass
        attending.cancel()

    asyncio.run(story())
    assert (book.known, strays) == (frozenset({"ble:1"}), [b"early"])
    assert book.ended == ["ble:1: key_missing"], "a pairing that failed says nothing of a bond"
    assert book.why == "NotSupported"


def test_a_refused_radio_is_not_restarted_by_any_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(Radio):
        tries = 0

        async def listen(self, on_sighting: Callable[[Sighting], None]) -> None:
            self.tries += 1
            if self.tries > 50:
                on_sighting(NEAR)
            raise RadioRefusedError("bluetoothd 5.68 loses readings")

    async def story() -> None:
        Clock(monkeypatch)
        radio, book, seen = Refused(None), Book(), asyncio.Event()
        listening = asyncio.ensure_future(
            healed(radio, book, Pulse()).listen(lambda _sighting: seen.set())
        )
        async with asyncio.timeout(10):
            await seen.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert radio.taken == []
        assert book.done == []

    asyncio.run(story())


def test_a_daemon_that_answers_nothing_is_restarted_and_then_heard_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Mute(Radio):
        async def listen(self, on_sighting: Callable[[Sighting], None]) -> None:
            if not self.taken or clock.now < 12:  # it takes that long to come back
                raise RadioMuteError("bluetoothd does not answer")
            on_sighting(NEAR)
            await asyncio.sleep(3600)

    clock = Clock(monkeypatch)

    async def story() -> None:
        radio, book, seen = Mute(None), Book(), asyncio.Event()
        listening = asyncio.ensure_future(
            healed(radio, book, Pulse()).listen(lambda _sighting: seen.set())
        )
        async with asyncio.timeout(10):
            await seen.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert radio.taken == [Rung.BLUETOOTHD_RESTART], "nothing milder is tried, nothing more"
        assert clock.now < LIMITS[Rung.BLUETOOTHD_RESTART].cool_down_s

    asyncio.run(story())


@pytest.mark.parametrize("cure", list(Rung)[2:])
def test_the_mildest_measure_that_helps_is_the_last_one(
    cure: Rung, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        Clock(monkeypatch)
        radio, book, pulse = Radio(cure), Book(), Pulse()
        seen = asyncio.Event()
        listening = asyncio.ensure_future(
            healed(radio, book, pulse).listen(lambda _sighting: seen.set())
        )
        async with asyncio.timeout(10):
            await seen.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        assert [rung for rung, _, _ in book.done] == list(Rung)[:cure]
        assert radio.taken == list(Rung)[2:cure]
        assert {reason for _, reason, _ in book.done} == {"cannot scan: InProgress"}
        assert "radio" in pulse.said

    asyncio.run(story())


def test_silence_restarts_the_scan_then_the_adapter_but_not_while_a_device_is_connected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        clock = Clock(monkeypatch)
        radio, book, pulse = Radio(None), Book(), Pulse()
        radio_listens = radio.listen
        first = True

        async def once(on_sighting: Callable[[Sighting], None]) -> None:
            nonlocal first
            await radio_listens(on_sighting if first else lambda _sighting: None)

        monkeypatch.setattr(radio, "listen", once)
        it = healed(radio, book, pulse, check_s=0.001)
        listening = asyncio.ensure_future(it.listen(lambda _sighting: None))
        await settle()
        first = False
        async with it.connect(NEAR):
            clock.now = 1000.0
            await settle()
            assert book.done == []
        clock.now = 1080.0
        await settle()
        assert book.done == []
        clock.now = 1091.0
        await settle()
        assert [rung for rung, _, _ in book.done] == [Rung.SCANNER_RESTART]
        clock.now = 1121.0
        await settle()
        assert [rung for rung, _, _ in book.done] == [Rung.SCANNER_RESTART, Rung.ADAPTER_POWER]
        assert book.done[-1][1] == "no advertisement for 121 s"
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    asyncio.run(story())


async def settle() -> None:
    from time import monotonic

    until = monotonic() + 0.05
    while monotonic() < until:
        await asyncio.tasks.sleep(0)
        await asyncio.wait({asyncio.ensure_future(asyncio.tasks.sleep(0))}, timeout=0.005)


def test_how_an_attempt_ended_is_noted_and_the_talk_rests_afterwards() -> None:
    async def story() -> None:
        radio, book, pulse = Radio(None), Book(), Pulse()
        it = healed(radio, book, pulse)
        async with it.connect(NEAR):
            assert pulse.said[-1] == "talk"
        for radio.fault in ("no answer in time", "Failed: br-connection-key-missing"):
            with pytest.raises(LinkError):
                async with it.connect(NEAR):
                    pass
        assert book.ended == ["connected", "no_answer", "key_missing"]
        assert pulse.said[-1] == "talk rests"

    asyncio.run(story())


def test_a_measure_that_fails_is_recorded_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        radio, book = Radio(Rung.ADAPTER_POWER), Book()
        it = healed(radio, book, Pulse())

        async def broken(_reason: str) -> str:
            raise LinkError("no answer to Set")

        monkeypatch.setattr(it, "_measures", {Rung.ADAPTER_POWER: broken})
        await it._take(Rung.ADAPTER_POWER, "silence")
        assert book.done == [(Rung.ADAPTER_POWER, "silence", "failed: no answer to Set")]

    asyncio.run(story())
