"""Devices and technicians at one radio: never two at once, and nobody is left standing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.provisioning.hatch import Pair
from gateway.provisioning.pairing import NothingFoundError
from gateway.reception import Reception
from gateway.sessions.answers import Answers, Nobody
from gateway.sessions.link import Ears, Link, LinkError, Sighting, Watch
from tests.support.fake_bluez.stand import until
from tests.virtual.clock import PlayClock

FIRST, SECOND, NEW = "ble:000000000001", "ble:000000000002", "ble:000000000003"
ASKED = Pair(capability="NoInputNoOutput", window_s=4.0)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.porch.RETRY_SECONDS", (0.01,))


class FakeRadio:
    """Everybody advertises all the time; a link lasts a moment and brings nothing."""

    def __init__(self, *here: str) -> None:
        self.here = set(here)
        self.links = 0
        self.most = 0
        self.met: list[str] = []
        self.bonds = {FIRST, SECOND}
        self.watched = Watch()

    async def listen(self, on_sighting: Callable[[Sighting], None]) -> None:
        while True:
            for device in sorted(self.here):
                on_sighting(seen(device))
            await asyncio.sleep(0.005)

    def watch(self, watch: Watch) -> None:
        self.watched = watch

    async def attend(self, _ears: Ears) -> None:
        await asyncio.Event().wait()

    @asynccontextmanager
    async def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AsyncIterator[Link]:
        self.links += 1
        self.most = max(self.most, self.links)
        self.met.append(f"{'pair ' if pair else ''}{sighting.device}")
        try:
            await asyncio.sleep(0.01)
            if pair:
                assert answers is not None
                self.bonds.add(sighting.device)
                yield NoClock()
                return
            raise LinkError("no answer in time")
        finally:
            self.links -= 1

    async def forget(self, sighting: Sighting) -> None:
        assert self.links == 0
        self.bonds.discard(sighting.device)

    async def unpair(self, device: str) -> bool:
        assert self.links == 0
        found = device in self.bonds
        self.bonds.discard(device)
        return found


class NoClock:
    """A link to a device without a clock: its pairing is over at once."""

    channels = frozenset({"2A35"})
    is_up = True

    def on_drop(self, callback: Callable[[], None]) -> None:
        pass

    async def read(self, channel: str) -> bytes:
        raise AssertionError(channel)

    async def write(self, channel: str, payload: bytes) -> None:
        raise AssertionError((channel, payload))

    async def subscribe(self, channel: str, on_value: object) -> None:
        raise AssertionError((channel, on_value))


def seen(device: str) -> Sighting:
    return Sighting(
        device=device, local_name="BM54", service_uuids=("1810",), rssi=-50, handle=None
    )


@asynccontextmanager
async def reception(
    tmp_path: Path, radio: FakeRadio
) -> AsyncIterator[tuple[Reception, DeviceStore]]:
    with closing(DeviceStore(tmp_path / "devices.db")) as store:
        for device in (FIRST, SECOND):
            store.pair(device, profile="beurer/bm54", name="cuff", at_ms=0)
        desk = Reception(
            radio,
            keep=lambda _: 1,
            devices=store,
            clock=PlayClock.create(tmp_path / "clock.json"),
            hub="ab" * 16,
            software="test",
            hold_off_s=0.01,
            background=True,
        )
        task = asyncio.create_task(desk.run())
        try:
            yield desk, store
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def test_one_device_at_a_time_and_a_technician_waits_for_the_turn(tmp_path: Path) -> None:
    async def story() -> None:
        radio = FakeRadio(FIRST, SECOND, NEW)
        async with reception(tmp_path, radio) as (desk, store):
            await until(lambda: {FIRST, SECOND} <= set(radio.met))
            paired = await desk.pair(ASKED, Nobody(), lambda _: None)
            assert paired.device == NEW, "of those that are known none is paired unasked"
            assert radio.watched.known == {FIRST, SECOND, NEW}
            assert radio.watched.devices == {FIRST, SECOND, NEW}
            await until(lambda: NEW in radio.met)
            assert radio.most == 1
            assert [device.id for device in store.all()][-1] == NEW

    asyncio.run(story())


def test_a_device_that_is_paired_anew_is_left_alone_by_the_collector_meanwhile(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        radio = FakeRadio()
        async with reception(tmp_path, radio) as (desk, _):
            request = Pair(capability="NoInputNoOutput", device=FIRST, again=True, window_s=4.0)
            pairing = asyncio.create_task(desk.pair(request, Nobody(), lambda _: None))
            await asyncio.sleep(0)
            radio.here = {FIRST}
            await pairing
            assert radio.met[0] == f"pair {FIRST}"
            await until(lambda: FIRST in radio.met)

    asyncio.run(story())


def test_a_device_that_is_struck_from_the_list_is_not_spoken_to_again(tmp_path: Path) -> None:
    async def story() -> None:
        radio = FakeRadio(FIRST, SECOND)
        async with reception(tmp_path, radio) as (desk, store):
            await until(lambda: FIRST in radio.met)
            assert await desk.unpair(FIRST)
            assert not await desk.unpair(FIRST)
            radio.met.clear()
            await until(lambda: radio.met.count(SECOND) > 1)
            assert FIRST not in radio.met
            assert radio.watched.known == {SECOND}
            assert [device.id for device in store.all()] == [SECOND]

    asyncio.run(story())


def test_nobody_new_in_reach_is_told_in_time_and_a_withdrawn_request_leaves_nothing(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        radio = FakeRadio(FIRST)
        async with reception(tmp_path, radio) as (desk, _):
            short = Pair(capability="NoInputNoOutput", window_s=0.05)
            with pytest.raises(NothingFoundError):
                await desk.pair(short, Nobody(), lambda _: None)
            asking = asyncio.create_task(desk.pair(ASKED, Nobody(), lambda _: None))
            await asyncio.sleep(0.02)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            assert desk._onlookers == set()
            radio.met.clear()
            await until(lambda: FIRST in radio.met)

    asyncio.run(story())
