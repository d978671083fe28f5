"""Values that come before anyone asks, against a scripted bluetoothd with real bleak."""

import asyncio
from pathlib import Path

import pytest
from bleak import BleakClient

from gateway.sessions.link import Ears, LinkError, Watch
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import QUICK, Stand, sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
READING = bytes.fromhex("1e7600510060 00e7070b110e1e00 4800 00".replace(" ", ""))


def armed(it: Stand, device: FakeDevice) -> bool:
    return bool(it.daemon.notifying.get(device.characteristic(device.channels[0])))


def test_a_value_right_at_connect_is_heard_standing_and_not_by_bleak_alone(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            heard: list[bytes] = []
            seen = await sight(it, cuff)
            cuff.early = [READING]
            client = BleakClient(seen.handle, timeout=2.0)  # type: ignore[arg-type]
            async with client:
                await client.start_notify(
                    client.services.characteristics[2], lambda _, value: heard.append(bytes(value))
                )
                await asyncio.sleep(0.05)
            assert (cuff.confirmed, heard) == (1, [])
            assert it.strays == [(cuff.id, "2A35", READING)]

    asyncio.run(story())


def test_a_conversation_gets_each_value_once_and_strays_end_where_it_begins(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            for number in range(3):  # the subscription stands from one link to the next
                heard: list[tuple[str, bytes]] = []
                cuff.early = [b"early%d" % number]
                async with it.radio.connect(await sight(it, cuff)) as link:
                    await link.subscribe("2A35", lambda *said: heard.append(said))  # noqa: B023
                    it.daemon.indicate(cuff, READING)
                    await until(lambda: len(heard) > 0)  # noqa: B023
                    await asyncio.sleep(0.03)
                assert heard == [("2A35", READING)]
            assert [value for *_, value in it.strays] == [b"early0", b"early1", b"early2"]
            owners = it.daemon.notifying[cuff.characteristic("2A35")]
            assert len(owners) == 1
            assert it.daemon.calls["StartNotify"] == 1
            assert it.daemon.calls["StopNotify"] == 0

    asyncio.run(story())


def test_after_the_daemon_returned_it_stands_again_at_the_next_connection(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            await it.daemon.crash()
            await it.daemon.start()
            await until(lambda: it.daemon.default is not None)
            assert not armed(it, cuff)  # its characteristics are not there yet
            async with it.radio.connect(await sight(it, cuff)):
                await until(lambda: armed(it, cuff))
            cuff.early = [READING]
            async with it.radio.connect(await sight(it, cuff)):
                await until(lambda: bool(it.strays))
            assert it.strays == [(cuff.id, "2A35", READING)]

    asyncio.run(story())


def test_a_device_without_a_bond_is_not_subscribed_to(tmp_path: Path) -> None:
    async def story() -> None:
        stranger = FakeDevice(discovered=True)
        async with stand(tmp_path, stranger) as it:
            async with it.radio.connect(await sight(it, stranger)) as link:
                assert it.daemon.calls["StartNotify"] == 0
                with pytest.raises(LinkError):
                    await link.subscribe("2A35", lambda *_: None)
            assert it.daemon.calls["StartNotify"] == 1

    asyncio.run(story())


def test_a_subscription_that_waits_already_counts_as_standing(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            it.bluez.standing.forget()
            async with it.radio.connect(await sight(it, cuff)) as link:
                it.daemon.errors["StartNotify"] = ["org.bluez.Error.InProgress"]
                await link.subscribe("2A35", lambda *_: None)

    asyncio.run(story())


def test_what_a_daemon_answered_that_died_meanwhile_does_not_stand(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            standing, path = it.bluez.standing, cuff.characteristic("2A35")
            standing.forget()
            bus = await it.bluez.until_ready()
            asking = asyncio.create_task(standing.subscribe(bus, path, lambda _: None))
            await asyncio.sleep(0)  # asked, not answered yet
            standing.forget()
            await asking
            assert path not in standing._armed

    asyncio.run(story())


def test_a_fault_of_the_keeper_ends_it(tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "disk full")

    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            await until(lambda: armed(it, cuff))
            again = type(it.bluez)(retry_s=0.02)
            again.watch(Watch(devices=frozenset({cuff.id})))
            work = asyncio.create_task(again.attend(Ears(stray=full)))
            path = cuff.characteristic("2A35")
            await until(lambda: len(it.daemon.notifying[path]) == 2)
            it.daemon.indicate(cuff, READING)
            with pytest.raises(OSError, match="disk full"):
                await asyncio.wait_for(work, QUICK.connect)

    asyncio.run(story())
