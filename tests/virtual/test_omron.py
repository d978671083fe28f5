"""A cuff that waits for the host's time, on the virtual radio: paired, read, erased."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path

from cloud_sync.contract.observation import Observation
from gateway.buffer.devices import DeviceStore
from gateway.provisioning.pairing import pair_device
from tests.gateway.test_collector import until, working
from tests.virtual.omron import Omron
from tests.virtual.rig import PASSKEY, Rig, rig


@asynccontextmanager
async def with_omron(tmp_path: Path) -> AsyncIterator[tuple[Rig, Omron]]:
    async with rig(tmp_path) as it:
        home, state = it.home, tmp_path / "omron"
        await asyncio.to_thread(state.mkdir)
        cuff = Omron(link=home.link, clock=home.clock, state=state, seed=1, passkey=PASSKEY)
        await cuff.power_on()
        home.devices["omron"] = cuff
        yield it, cuff


def test_it_is_paired_without_a_time_and_then_sends_once_its_time_was_answered(
    tmp_path: Path,
) -> None:
    kept: list[Observation] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with with_omron(tmp_path) as (it, cuff):
                cuff.set_own_time(datetime(1970, 1, 1))  # noqa: DTZ001 - a display has no zone
                await cuff.set_pairing_mode(True)
                await pair_device(
                    it.radio, store, it.home.clock, wanted=lambda *_: True, window_s=20
                )
                assert await cuff.bonded()
                assert cuff.answered == [], "no time is written while it is pairing"
                taken = [cuff.measure()["raw"] for _ in range(3)]
                async with working(it, store, keep, lambda: 0):
                    await cuff.advertise()
                    await until(lambda: len(kept) == 3)
                    await until(lambda: store.all()[0].last_result == "complete")
                assert [one.frame.raw.hex() for one in kept] == taken
                assert cuff.memory["records"] == [], "each is erased by its confirmation"
                clock = kept[0].frame.clock
                assert clock is not None
                assert clock.device_time is not None
                assert (clock.device_time.year, clock.written) == (1970, True)
                assert clock.read_back is not None
                assert it.home.clock.local() - clock.read_back < timedelta(minutes=1)
                assert cuff.switched_off == 0

    asyncio.run(story())
