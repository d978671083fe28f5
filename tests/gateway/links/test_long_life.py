"""Descriptors and memory stay flat over many connections on the virtual radio.

VITALS_CONNECTIONS sets how many (`make test` makes 60); the figures are printed with `-s`.
"""

import asyncio
import gc
import os
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from gateway.buffer.devices import DeviceStore
from gateway.provisioning.pairing import pair_device
from tests.virtual.rig import rig, sight

CONNECTIONS = int(os.environ.get("VITALS_CONNECTIONS", "60"))
WARM_UP = CONNECTIONS // 4  # caches fill first
RSS_KB_EACH = 8.0  # virtual peripheral and radio live in this process too, and keep their logs
RSS_KB_NOISE = 4096


class Use(NamedTuple):
    """What this process holds."""

    descriptors: int
    rss_kb: int
    tasks: int


def use() -> Use:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Use(descriptors, int(rss.split()[1]), len(asyncio.all_tasks()))


def test_many_connections_leave_nothing_behind(tmp_path: Path) -> None:
    async def story() -> tuple[Use, Use]:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                await it.home.cuff.set_pairing_mode(True)
                await pair_device(it.radio, store, it.home.clock, wanted=lambda *_: True)
                await it.home.cuff.advertise()
                cuff = await sight(it, "cuff")
                for number in range(CONNECTIONS):
                    if number == WARM_UP:
                        before = use()
                    await it.home.cuff.advertise()
                    async with it.radio.connect(cuff) as link:
                        assert await link.read("2A29")
                    await asyncio.sleep(0)
                return before, use()

    before, after = asyncio.run(story())
    counted = CONNECTIONS - WARM_UP
    grown_kb = after.rss_kb - before.rss_kb
    print(f"{counted} connections: {before} -> {after}, {grown_kb / counted:.2f} KB each")
    assert after.descriptors == before.descriptors
    assert after.tasks <= before.tasks + 1
    assert grown_kb <= RSS_KB_NOISE + RSS_KB_EACH * counted
