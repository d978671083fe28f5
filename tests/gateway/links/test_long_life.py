"""Descriptors, tasks and memory stay flat over many connections on the virtual radio.

VITALS_CONNECTIONS sets how many (`make test` makes 60); the figures are printed with `-s`.
"""

import asyncio
import os
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.provisioning.pairing import pair_device
from tests.support.holdings import Holdings, holdings
from tests.virtual import peripheral
from tests.virtual.rig import rig, sight

CONNECTIONS = int(os.environ.get("VITALS_CONNECTIONS", "60"))
WARM_UP = max(CONNECTIONS // 10, 20)  # caches fill first
SHOWN_EVERY = 1000
FASTEST_MS = 20.0  # the shortest advertising interval of the Core Specification (vol 6, B 4.4.2.2)
BLOCKS_EACH = 0.1  # a leak costs one at least, each time
BLOCKS_NOISE = 2000
RSS_KB_NOISE = 4096


def test_many_connections_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peripheral, "INTERVAL_MS", FASTEST_MS)

    async def story() -> tuple[Holdings, Holdings]:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                await it.home.cuff.set_pairing_mode(True)
                await pair_device(it.radio, store, it.home.clock, wanted=lambda *_: True)
                await it.home.cuff.advertise()
                cuff = await sight(it, "cuff")
                for number in range(CONNECTIONS):
                    if number == WARM_UP:
                        before = holdings()
                    if number % SHOWN_EVERY == 0:
                        print(number, holdings())
                    await it.home.cuff.advertise()
                    async with it.radio.connect(cuff) as link:
                        assert await link.read("2A29")
                    await asyncio.sleep(0)
                return before, holdings()

    before, after = asyncio.run(story())
    counted = CONNECTIONS - WARM_UP
    print(f"{counted} connections: {before} -> {after}")
    assert after.descriptors == before.descriptors
    assert after.tasks <= before.tasks + 1
    assert after.blocks - before.blocks <= BLOCKS_NOISE + BLOCKS_EACH * counted
    assert after.rss_kb - before.rss_kb <= RSS_KB_NOISE
