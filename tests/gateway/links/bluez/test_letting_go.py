"""No link outlives the process that made it, nor is a cuff's subscription ever switched off."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON, private_bus
from tests.support.fake_bluez.stand import stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
DEAF = ["org.bluez.Error.Failed"] * 99  # no discovery: the hub connects to nobody by itself


@asynccontextmanager
async def collecting(
    directory: Path, daemon: FakeBluez, *devices: FakeDevice
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The hub's own collector as a unit starts it, with these devices on its list."""
    config = enrolled(directory / "state", ClinicKeys())
    with closing(DeviceStore(config.collector / "devices.db")) as store:
        for device in devices:
            store.pair(device.id, profile="beurer/bm54", name="cuff", at_ms=1)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "gateway.process", "collector", str(config.directory)),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        await until(lambda: daemon.default is not None, 15)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def stop(process: asyncio.subprocess.Process) -> int:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(15):
        return await process.wait()


def test_sigterm_in_a_conversation_ends_the_link_before_the_subscription(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        with private_bus(tmp_path) as address:
            daemon = FakeBluez(address, cuff)
            await daemon.start()
            async with collecting(tmp_path, daemon, cuff) as collector:
                await until(lambda: cuff.connected and bool(daemon.notifying), 15)
                assert await stop(collector) == 0
            await until(lambda: not any(daemon.notifying.values()))
            assert not cuff.connected
            assert daemon.cleared == []
            await daemon.crash()

    asyncio.run(story())


def test_sigterm_ends_a_link_that_bluetoothd_made_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        with private_bus(tmp_path) as address:
            daemon = FakeBluez(address, cuff)
            daemon.errors["StartDiscovery"] = list(DEAF)
            await daemon.start()
            async with collecting(tmp_path, daemon, cuff) as collector:
                path = cuff.characteristic("2A35")
                await until(lambda: bool(daemon.notifying.get(path)), 15)
                daemon._connect(cuff)
                assert await stop(collector) == 0
            await until(lambda: not any(daemon.notifying.values()))
            assert not cuff.connected
            assert daemon.cleared == []
            await daemon.crash()

    asyncio.run(story())


def test_links_that_a_killed_process_left_are_ended_at_the_next_start(tmp_path: Path) -> None:
    async def story() -> None:
        left = FakeDevice(bonded=True, discovered=True, connected=True, resolved=True)
        strange = FakeDevice(address="C0:FF:EE:00:00:55", connected=True, resolved=True)
        away = FakeDevice(address="C0:FF:EE:00:00:56", bonded=True, discovered=True)
        async with stand(tmp_path, left, strange, away) as it:
            await until(it.bluez._ready.is_set)
            assert not left.connected
            assert not strange.connected
            assert it.daemon.calls["Disconnect"] == 2
            await until(lambda: len(it.daemon.notifying) == 2)
            it.daemon._connect(left)  # from here on a link is ours, or bluetoothd's for us
            it.bluez._due.set()
            await asyncio.sleep(0.1)
            assert left.connected

    asyncio.run(story())


def test_a_device_that_will_not_let_go_does_not_keep_the_hub_from_working(tmp_path: Path) -> None:
    async def story() -> None:
        left = FakeDevice(bonded=True, discovered=True, connected=True, resolved=True)
        async with stand(tmp_path, left) as it:
            it.daemon.errors["Disconnect"] = ["org.bluez.Error.Failed"] * 9
            await it.daemon.crash()
            await it.daemon.start()
            left.connected = True
            await until(it.bluez._ready.is_set)

    asyncio.run(story())
