"""What devices do to a hub: forgotten bonds, lost clocks, long backlogs, erased records."""

import asyncio
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from cloud_sync.contract.observation import Observation
from gateway.buffer.devices import DeviceStore
from tests.gateway.test_collector import collecting, until, working
from tests.virtual.cuff import GATE_SECONDS
from tests.virtual.rig import rig

CUFF = "ble:c0ffee000651"
METER = "ble:c0ffee001808"


def test_a_bond_wiped_at_the_cuff_is_never_deleted_by_the_hub_itself(tmp_path: Path) -> None:
    kept: list[Observation] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0):
                bonds = (tmp_path / "bonds.json").read_text()
                await it.home.cuff.forget()
                await it.home.measure("cuff")

                def tried_in_vain() -> bool:
                    device = store.get(CUFF)
                    return device is not None and device.last_result not in {None, "complete"}

                await until(tried_in_vain)
                assert kept == []
                assert len(it.home.cuff.waiting()) == 1
                assert (tmp_path / "bonds.json").read_text() == bonds

    asyncio.run(story())


def test_a_cuff_that_fell_back_to_1970_is_set_and_its_backlog_of_60_is_kept(
    tmp_path: Path,
) -> None:
    kept: list[Observation] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0):
                cuff = it.home.cuff
                cuff.set_own_time(datetime(1970, 1, 1))  # noqa: DTZ001 - a display has no zone
                taken = [cuff.measure()["raw"] for _ in range(60)]
                await cuff.advertise()
                await until(lambda: len(kept) == 60)
                assert [one.frame.raw.hex() for one in kept] == taken
                clock = kept[0].frame.clock
                assert clock is not None
                assert clock.device_time is not None
                assert (clock.device_time.year, clock.written) == (1970, True)
                assert clock.read_back is not None
                assert it.home.clock.local() - clock.read_back < timedelta(minutes=1)

    asyncio.run(story())


def test_a_fault_between_indication_and_commit_erases_nothing_at_the_cuff(tmp_path: Path) -> None:
    """The confirmation follows the commit: a cuff that erases on it still has the record."""
    kept: list[str] = []

    def keep(observation: Observation) -> int:
        if len(kept) == 2:
            raise OSError
        kept.append(observation.frame.raw.hex())
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0) as task:
                cuff = it.home.cuff
                cuff.erases = True
                taken = [cuff.measure()["raw"] for _ in range(4)]
                await cuff.advertise()
                await asyncio.wait({task}, timeout=10)
                assert isinstance(task.exception(), BaseExceptionGroup)
                left = [record["raw"] for record in cuff.memory["records"]]
                assert kept == taken[:2]
                assert left == taken[2:]

    asyncio.run(story())


def test_a_missed_gate_after_encryption_loses_nothing_and_the_next_one_is_met(
    tmp_path: Path,
) -> None:
    """A&D's cuffs hang up on a host that has not set clock and subscription within 5 s."""
    kept: list[str] = []

    def keep(observation: Observation) -> int:
        kept.append(observation.frame.raw.hex())
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0):
                cuff = it.home.cuff
                cuff.gate_s = 0.0
                taken = [cuff.measure()["raw"] for _ in range(3)]
                await cuff.advertise()

                def missed() -> bool:
                    device = store.get(CUFF)
                    return device is not None and device.last_result not in {"", "complete"}

                await until(missed)
                assert (kept, len(cuff.waiting())) == ([], 3)
                cuff.gate_s = GATE_SECONDS
                await until(lambda: len(kept) == 3)
                assert kept == taken
                assert cuff.switched_off == 0, "no host clears a subscription"

    asyncio.run(story())


def test_after_a_full_disk_a_report_goes_on_behind_the_last_sealed_record(tmp_path: Path) -> None:
    kept: list[str] = []
    room = [4]  # two records with their contexts

    def keep(observation: Observation) -> int:
        if len(kept) >= room[0]:
            raise OSError(28, "disk full")
        kept.append(observation.frame.raw.hex())
        return len(kept)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                meter = it.home.meter
                taken = [meter.measure() for _ in range(4)]
                async with collecting(it, store, keep, lambda: 0) as task:
                    await meter.advertise()
                    await asyncio.wait({task}, timeout=10)
                    assert isinstance(task.exception(), BaseExceptionGroup)
                known = store.get(METER)
                assert known is not None
                assert known.last_kept == taken[1]["sequence"]
                room[0] = 100
                meter.requests.clear()
                async with working(it, store, keep, lambda: 0):
                    await until(lambda: meter.is_heard is not None and not meter.waiting())
                first = taken[2]["sequence"].to_bytes(2, "little").hex()
                assert meter.requests[:2] == [f"040301{first}", f"010301{first}"]
                assert kept == [raw for one in taken for raw in (one["raw"], one["context"])]

    asyncio.run(story())
