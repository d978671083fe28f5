"""The hub's radio code on a virtual radio: real pairing, encryption, GATT and drops."""

import asyncio
from datetime import datetime
from pathlib import Path

import pytest
from bleak.backends.client import BaseBleakClient

from cloud_sync.contract.observation import Received
from cloud_sync.contract.readings import BloodPressure, Glucose, GlucoseContext, Outcome
from gateway.conversation import converse, decode_as
from gateway.links.ble import Radio
from gateway.profiles import Profile, find
from gateway.sessions import session_for
from gateway.sessions.link import LinkError, RadioUnavailableError
from gateway.sessions.steps import Finish, Keep
from tests.virtual.rig import Rig, rig, sight


def _nothing() -> None:
    """What happens at a commit, where a test wants nothing to."""


class Notebook:
    """A desk that remembers."""

    def __init__(self, rig: Rig, profile: Profile) -> None:
        self.rig, self.profile = rig, profile
        self.kept: list[Keep] = []
        self.last_kept: int | None = None
        self.on_keep = _nothing

    def decode(self, channel: str, raw: bytes) -> Outcome:
        return decode_as(self.profile, channel, raw)

    def keep(self, kept: Keep) -> None:
        self.kept.append(kept)
        self.on_keep()

    def progress(self, sequence: int | None) -> None:
        self.last_kept = sequence

    def received(self) -> Received:
        return self.rig.home.clock.received()

    def local(self) -> datetime:
        return self.rig.home.clock.local()


async def bond(rig: Rig, key: str) -> None:
    await rig.home.devices[key].set_pairing_mode(True)
    async with rig.radio.connect(await sight(rig, key), pair=True):
        pass


async def talk(rig: Rig, key: str, notebook: Notebook) -> Finish:
    session = session_for(notebook.profile, last_kept=notebook.last_kept)
    async with rig.radio.connect(await sight(rig, key)) as link:
        return await converse(link, session, notebook)


def notebook(rig: Rig, profile_id: str) -> Notebook:
    profile = find(profile_id)
    assert profile is not None
    return Notebook(rig, profile)


async def settled(rig: Rig, key: str) -> None:
    """Until the device has noticed that the host is gone."""
    for _ in range(100):
        if rig.home.devices[key].connection is None:
            return
        await asyncio.sleep(0.01)


def raws(notebook: Notebook, kind: type) -> list[str]:
    return [kept.raw.hex() for kept in notebook.kept if isinstance(kept.outcome, kind)]


def test_a_bonded_cuff_sends_what_it_stored_oldest_first_and_its_clock_is_set(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            cuff = it.home.cuff
            await bond(it, "cuff")
            taken = [(await it.home.measure("cuff"))["raw"] for _ in range(3)]
            book = notebook(it, "and/ua-651ble")
            finish = await talk(it, "cuff", book)
            await settled(it, "cuff")
            assert finish.result == "complete"
            assert raws(book, BloodPressure) == taken
            clock = book.kept[0].clock
            assert clock is not None
            assert clock.written
            assert clock.device_time is not None
            assert clock.read_back is not None
            assert (clock.read_back - clock.device_time).total_seconds() == pytest.approx(192, 2)
            assert cuff.waiting() == []
            again = (await it.home.measure("cuff"))["raw"]
            second = notebook(it, "and/ua-651ble")
            await talk(it, "cuff", second)
            assert raws(second, BloodPressure) == [again]
            later = second.kept[0].clock
            assert later is not None
            assert not later.written

    asyncio.run(story())


def test_a_value_is_kept_before_the_cuff_is_told_that_it_arrived(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "cuff")
            await it.home.measure("cuff")
            book = notebook(it, "and/ua-651ble")
            waiting: list[int] = []
            book.on_keep = lambda: waiting.append(len(it.home.cuff.waiting()))
            await talk(it, "cuff", book)
            await settled(it, "cuff")
            assert waiting == [1]
            assert it.home.cuff.waiting() == []

    asyncio.run(story())


def test_a_fault_while_keeping_leaves_the_reading_with_the_cuff(tmp_path: Path) -> None:
    class DiskFullError(Exception):
        pass

    def fail() -> None:
        raise DiskFullError

    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "cuff")
            await it.home.measure("cuff")
            book = notebook(it, "and/ua-651ble")
            book.on_keep = fail
            with pytest.raises(DiskFullError):
                await talk(it, "cuff", book)
            await settled(it, "cuff")
            assert len(it.home.cuff.waiting()) == 1

    asyncio.run(story())


def test_a_meter_tells_records_with_contexts_and_later_only_the_new_ones(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "meter")
            taken = [await it.home.measure("meter") for _ in range(3)]
            book = notebook(it, "accu-chek/guide")
            assert (await talk(it, "meter", book)).result == "complete"
            assert raws(book, Glucose) == [one["raw"] for one in taken]
            assert raws(book, GlucoseContext) == [one["context"] for one in taken]
            assert book.last_kept == 3
            await settled(it, "meter")
            newer = await it.home.measure("meter")
            book.kept.clear()
            assert (await talk(it, "meter", book)).result == "complete"
            assert raws(book, Glucose) == [newer["raw"]]
            await settled(it, "meter")
            await it.home.meter.advertise()
            book.kept.clear()
            assert (await talk(it, "meter", book)) == Finish(result="complete")
            assert raws(book, Glucose) == [newer["raw"]]  # it shows that its numbers go on
            assert book.last_kept == 4

    asyncio.run(story())


@pytest.mark.parametrize("packets", [0, 1, 3])
def test_after_a_drop_in_mid_report_everything_has_arrived_once(
    tmp_path: Path, packets: int
) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "meter")
            taken = [await it.home.measure("meter") for _ in range(3)]
            book = notebook(it, "accu-chek/guide")
            it.home.meter.drop_after = packets
            assert (await talk(it, "meter", book)).result == "dropped"
            await settled(it, "meter")
            assert (await talk(it, "meter", book)).result == "complete"
            assert book.last_kept == 3
            assert sorted(set(raws(book, Glucose))) == sorted(one["raw"] for one in taken)
            contexts = raws(book, GlucoseContext)
            assert contexts == [one["context"] for one in taken]
            # a record whose context was lost is asked for again: the same bytes, the same id
            assert len(raws(book, Glucose)) == 3 + packets % 2

    asyncio.run(story())


def test_a_wrong_passkey_is_refused_and_leaves_no_bond(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, typed=271828) as it:
            await it.home.meter.set_pairing_mode(True)
            with pytest.raises(LinkError):
                async with it.radio.connect(await sight(it, "meter"), pair=True):
                    pass
            await settled(it, "meter")
            assert not await it.home.meter.bonded()
            assert await it.adapter.bonds.get_all() == []

    asyncio.run(story())


def test_no_pairing_outside_pairing_mode(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await it.home.cuff.advertise()
            with pytest.raises(LinkError):
                async with it.radio.connect(await sight(it, "cuff"), pair=True):
                    pass
            assert not await it.home.cuff.bonded()

    asyncio.run(story())


def test_an_unencrypted_link_may_not_subscribe(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await it.home.cuff.advertise()
            async with it.radio.connect(await sight(it, "cuff")) as link:
                with pytest.raises(LinkError, match="0x0f"):
                    await link.subscribe("2A35", lambda _channel, _raw: None)
                assert await link.read("2A24") == b"UA-651BLE"
                with pytest.raises(LinkError, match="2A18"):
                    await link.read("2A18")

    asyncio.run(story())


def test_a_device_that_has_forgotten_the_hub_is_a_passing_failure(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "cuff")
            await settled(it, "cuff")
            await it.home.cuff.forget()
            await it.home.measure("cuff")
            with pytest.raises(LinkError):
                async with it.radio.connect(await sight(it, "cuff")):
                    pass
            assert len(it.home.cuff.waiting()) == 1

    asyncio.run(story())


def test_being_stopped_while_letting_go_still_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with rig(tmp_path) as it:
            await bond(it, "cuff")
            await settled(it, "cuff")
            await it.home.measure("cuff")
            sighting = await sight(it, "cuff")
            leaving, left = asyncio.Event(), asyncio.Event()
            disconnect = it.adapter.client.disconnect

            async def slowly(client: BaseBleakClient) -> None:
                leaving.set()
                await asyncio.sleep(0.05)
                await disconnect(client)
                left.set()

            monkeypatch.setattr(it.adapter.client, "disconnect", slowly)

            async def visit() -> None:
                async with it.radio.connect(sighting):
                    pass

            task = asyncio.get_running_loop().create_task(visit())
            await leaving.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert left.is_set()

    asyncio.run(story())


def test_without_a_message_bus_the_radio_says_what_to_look_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    with pytest.raises(RadioUnavailableError, match="systemctl status bluetooth"):
        asyncio.run(Radio().scan(0.1))
