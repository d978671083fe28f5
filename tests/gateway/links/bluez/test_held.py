"""Conversations over links that bluetoothd made by itself."""

import asyncio
from pathlib import Path

import pytest

from gateway.links.bluez.held import HeldLink
from gateway.sessions.link import UNKNOWN_RSSI, LinkError, Watch
from tests.gateway.links.bluez.test_callers import READING, cuff, ended, greeted, watching
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def test_who_is_connected_by_the_daemon_is_heard_at_once_and_spoken_to_over_the_same_link(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff(channels=("2A35", "2A2B"), values={"2A2B": b"time"})
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.notifying.get(meter.characteristic("2A35"))))
            await until(lambda: bool(it.daemon.background))
            meter.early = [READING]
            assert it.daemon.wake(meter)
            listening, seen = await greeted(it, meter)
            assert it.strays == [(meter.id, "2A35", READING)]
            assert (seen.rssi, seen.local_name) == (UNKNOWN_RSSI, meter.name)
            heard: list[tuple[str, bytes]] = []
            async with it.radio.connect(seen) as link:
                assert isinstance(link, HeldLink)
                await link.subscribe("2A35", lambda *said: heard.append(said))
                it.daemon.indicate(meter, b"later")
                await until(lambda: len(heard) == 1)
                assert await link.read("2A2B") == b"time"
                await link.write("2A2B", b"noon")
            assert heard == [("2A35", b"later")]
            assert meter.values["2A2B"] == b"noon"
            assert meter.connected, "the device hangs up when it likes"
            it.daemon.indicate(meter, b"last")
            await until(lambda: len(it.strays) == 2)
            assert it.daemon.calls["Connect"] + it.daemon.calls["Disconnect"] == 0
            await ended(listening)

    asyncio.run(story())


def test_a_link_of_the_daemons_that_drops_is_told_and_the_next_is_another_visit(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            listening, first = await greeted(it, meter)
            told = asyncio.Event()
            async with it.radio.connect(first) as link:
                link.on_drop(told.set)
                it.daemon.drop(meter)
                await asyncio.wait_for(told.wait(), 2)
                assert not link.is_up
            await ended(listening)
            it.daemon.wake(meter)
            listening, second = await greeted(it, meter)
            assert second.visit > first.visit
            async with it.radio.connect(second) as link:
                link.on_drop(told.clear)
                await it.daemon.crash()
                await until(lambda: not link.is_up)
            await ended(listening)
            await it.daemon.start()

    asyncio.run(story())


def test_what_the_device_refuses_over_such_a_link_keeps_its_number(tmp_path: Path) -> None:
    async def story() -> None:
        meter = cuff(channels=("2A35", "2A2B"), refuses={"2A2B": 0x80})
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            listening, seen = await greeted(it, meter)
            async with it.radio.connect(seen) as link:
                with pytest.raises(LinkError, match="0x80") as told:
                    await link.write("2A2B", b"noon")
                assert told.value.att_error == 0x80
                with pytest.raises(LinkError, match="no characteristic 2A08"):
                    await link.read("2A08")
                it.daemon.errors["StartNotify"] = ["org.bluez.Error.NotPermitted"]
                it.bluez.standing.forget()
                with pytest.raises(LinkError, match="NotPermitted"):
                    await link.subscribe("2A35", lambda *_: None)
            await ended(listening)

    asyncio.run(story())


def test_who_wants_its_clock_first_is_spoken_to_the_usual_way_even_if_it_came_by_itself(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        meter = cuff(name="A&D_UA-651BLE_1", channels=("2A35", "2A08"))
        async with stand(tmp_path, meter, watch=Watch(known=frozenset({meter.id}))) as it:
            it.daemon._connect(meter)
            listening, seen = await greeted(it, meter)
            async with it.radio.connect(seen) as link:
                assert it.daemon.calls["StartNotify"] == 0
                await link.subscribe("2A35", lambda *_: None)
            await ended(listening)
            assert not meter.connected
            assert it.daemon.calls["StopNotify"] == 0

    asyncio.run(story())


def test_stopping_while_connected_ends_the_link_before_the_subscription(tmp_path: Path) -> None:
    """Else BlueZ writes the CCCD back to 0, and some cuffs drop their bond for it."""

    async def story() -> None:
        meter = cuff()
        async with stand(tmp_path, meter, watch=watching(meter)) as it:
            await until(lambda: bool(it.daemon.notifying.get(meter.characteristic("2A35"))))
            await until(lambda: bool(it.daemon.background))
            it.daemon.wake(meter)
            await until(lambda: bool(it.bluez.visitors.waiting()))
            await ended(it.attending)
            await until(lambda: not it.daemon.background)
            assert not meter.connected
            assert (it.daemon.cleared, it.daemon.calls["StopNotify"]) == ([], 0)

    asyncio.run(story())
