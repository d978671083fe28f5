"""`vitals-hub pair` while the collector runs: it holds the radio and does the work itself."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from cloud_sync.contract.observation import Observation
from gateway.buffer.devices import DeviceStore
from gateway.collector import collect
from gateway.health.clock import SystemClock
from gateway.links.ble import Radio
from gateway.links.bluez.guard import Bluez
from tests.gateway.commands.test_pairing import hub
from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON, private_bus
from tests.support.fake_bluez.stand import QUICK, let_bleak_go, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
# Blood Pressure Measurement: 120/80/93 mmHg, 2026-11-24 08:30:00, pulse 60 (GATT Spec. Supplement)
READING = bytes.fromhex("0678005000 5d00 ea070b18081e00 3c00".replace(" ", ""))
OTHER = FakeDevice(name="BM54", address="C0:FF:EE:00:00:55", bonded=True, discovered=True)


class Beside(NamedTuple):
    """A collector at work, and what it works with."""

    daemon: FakeBluez
    store: DeviceStore
    kept: list[Observation]
    state: tuple[str, str]


@asynccontextmanager
async def collector(directory: Path, *devices: FakeDevice) -> AsyncIterator[Beside]:
    """It knows `OTHER`, and the clinic confirms each reading at once."""
    kept: list[Observation] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    def settle() -> int:
        for device in store.all():
            if device.state == "sealed":
                store.note_proven(device.id, at_ms=1)
        return 0

    home = directory / "collector"
    with private_bus(directory) as address, closing(DeviceStore(home / "devices.db")) as store:
        store.pair(OTHER.id, profile="beurer/bm54", name="other", at_ms=0)
        daemon = FakeBluez(address, OTHER, *devices)
        await daemon.start()
        work = collect(
            radio=Radio(bluez=Bluez(retry_s=0.02), limits=QUICK),
            custody_keep=keep,
            settle=settle,
            devices=store,
            clock=SystemClock(),
            hub="ab" * 16,
            software="test",
            settle_every_s=0.1,
            hatch=home / "hatch",
        )
        task = asyncio.create_task(work)
        try:
            await until(lambda: (home / "hatch").exists() and daemon.default is not None)
            yield Beside(daemon, store, kept, ("--state", str(directory)))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert not (home / "hatch").exists()
            await let_bleak_go()
            await daemon.crash()


def test_it_is_paired_by_the_collector_and_proven_by_its_first_reading(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing="passkey")
        async with collector(tmp_path, cuff) as it:
            OTHER.early = [READING]  # the collector's own work goes on
            pairing = asyncio.create_task(
                hub("pair", "--passkey", "123 456", "--wait", "--json", *it.state)
            )
            await until(lambda: it.store.get(cuff.id) is not None, 20)
            assert it.daemon.default is not None
            await until(lambda: it.daemon.default is not None and it.daemon.default[2][0] == "N")
            path = cuff.characteristic("2A35")
            await until(lambda: bool(it.daemon.notifying.get(path)))
            assert not pairing.done(), "bonded is not proven"
            it.daemon.indicate(cuff, READING)
            status, out, said = await pairing
            assert status == 0
            (told,) = json.loads(out)
            assert (told["device"], told["state"]) == (cuff.id, "proven")
            for words in ("BM54 is here", "Proven: the clinic has"):
                assert words in said
            assert it.kept[-1].frame.raw == READING
            assert (it.daemon.calls["RemoveDevice"], len(it.daemon.agents)) == (0, 1)
            status, _, _ = await hub("unpair", cuff.id, *it.state)
            assert (status, cuff.bonded, len(it.store.all())) == (0, False, 1)

    asyncio.run(story())


def test_its_questions_reach_the_technicians_terminal_and_go_when_bluetoothd_gives_up(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing="passkey")
        async with collector(tmp_path, cuff) as it:
            ours, terminal = os.openpty()
            try:
                it.daemon.asks_for_s = 0.3
                status, _, said = await hub("pair", *it.state, stdin=terminal)
                assert (status, cuff.bonded) == (2, False)
                assert "within a minute" in said
                assert "withdrawn" in said
                it.daemon.asks_for_s = 20.0
                os.write(ours, b"123456\n")
                status, _, said = await hub("pair", *it.state, stdin=terminal)
                assert (status, cuff.bonded) == (0, True)
                assert "Type them here" in said
            finally:
                os.close(ours)
                os.close(terminal)

    asyncio.run(story())


def test_who_hangs_up_takes_the_request_back_and_a_known_meter_is_not_paired_unasked(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with collector(tmp_path) as it:
            status, _, said = await hub("pair", "--window", "0.5", *it.state)
            assert (status, it.daemon.calls["Pair"]) == (1, 0)
            assert "No such meter" in said
            waiting = asyncio.create_task(hub("pair", "--window", "60", *it.state))
            await asyncio.sleep(1.5)
            status, _, said = await hub("pair", *it.state)
            assert status == 75
            assert "somebody else" in said
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(story())
