"""The collector on the virtual radio: in this process, and as one that is killed and comes back."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.contract.observation import Observation, decode
from cloud_sync.contract.readings import BloodPressure, Glucose, GlucoseContext
from gateway.buffer.devices import DeviceStore
from gateway.collector import collect, store_of, until_stopped
from gateway.provisioning.pairing import pair_device
from tests.virtual.rig import PASSKEY, Rig, rig
from tests.virtual.tell import tell

HUB = "ab" * 16


@asynccontextmanager
async def collecting(
    it: Rig, store: DeviceStore, keep: Callable[[Observation], int], settle: Callable[[], int]
) -> AsyncIterator[asyncio.Task[None]]:
    """A collector that knows both devices, for the length of the block."""
    for key in ("cuff", "meter"):
        await it.home.devices[key].set_pairing_mode(True)
        await pair_device(it.radio, store, it.home.clock, wanted=lambda *_: True, window_s=5)
    async with working(it, store, keep, settle) as task:
        yield task


@asynccontextmanager
async def working(
    it: Rig, store: DeviceStore, keep: Callable[[Observation], int], settle: Callable[[], int]
) -> AsyncIterator[asyncio.Task[None]]:
    """A collector for whatever is paired, for the length of the block."""
    work = collect(
        radio=it.radio,
        custody_keep=keep,
        settle=settle,
        devices=store,
        clock=it.home.clock,
        hub=HUB,
        software="test",
        hold_off_s=0.1,
        settle_every_s=0.05,
    )
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came")


def test_readings_of_both_devices_are_kept_with_every_clock(tmp_path: Path) -> None:
    kept: list[Observation] = []
    settled: list[int] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    def settle() -> int:
        settled.append(1)
        return 0

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, settle):
                cuff, meter = await it.home.measure("cuff"), await it.home.measure("meter")
                await until(lambda: len(kept) == 3)
                later = await it.home.measure("meter")
                await until(lambda: len(kept) == 5)
                await until(lambda: all(d.last_result == "complete" for d in store.all()))
                by_raw = {one.frame.raw.hex(): one for one in kept}
                assert set(by_raw) == {
                    cuff["raw"],
                    *(meter["raw"], meter["context"]),
                    *(later["raw"], later["context"]),
                }
                check_pressure(by_raw[cuff["raw"]], it)
                kinds = [type(one.outcome) for one in kept if one.frame.channel != "2A35"]
                assert kinds == [Glucose, GlucoseContext] * 2
                assert sorted(one.frame.arrival for one in kept) == [1, 2, 3, 4, 5]
                assert {d.profile: d.last_kept for d in store.all()} == {
                    "and/ua-651ble": None,
                    "accu-chek/guide": 2,
                }
                assert [device.state for device in store.all()] == ["sealed", "sealed"]
                assert settled

    asyncio.run(story())


def check_pressure(observation: Observation, it: Rig) -> None:
    frame, outcome = observation.frame, observation.outcome
    assert isinstance(outcome, BloodPressure)
    assert (frame.device, frame.profile) == ("ble:c0ffee000651", "and/ua-651ble")
    assert frame.received.boot == it.home.clock.received().boot
    assert frame.clock is not None
    assert frame.clock.device_time is not None
    assert outcome.device_time is not None


def test_a_drop_in_mid_report_is_healed_by_the_next_conversation(tmp_path: Path) -> None:
    ids: list[str] = []

    def keep(observation: Observation) -> int:
        ids.append(observation.id)
        return len(ids)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0):
                it.home.meter.drop_after = 3
                for _ in range(3):
                    it.home.meter.measure()
                await it.home.meter.advertise()
                await until(lambda: not it.home.meter.waiting())
                await until(lambda: len(set(ids)) == 6)
                assert len(ids) == 7  # one measurement twice, under one id

    asyncio.run(story())


def test_a_fault_of_the_store_ends_the_collector(tmp_path: Path) -> None:
    class StoreFailedError(Exception):
        pass

    def keep(_observation: Observation) -> int:
        raise StoreFailedError

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it, collecting(it, store, keep, lambda: 0) as task:
                await it.home.measure("cuff")
                await asyncio.wait({task}, timeout=10)
                error = task.exception()
                assert isinstance(error, BaseExceptionGroup)
                assert error.subgroup(StoreFailedError)
                assert len(it.home.cuff.waiting()) == 1

    asyncio.run(story())


def test_a_radio_that_is_away_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Observation] = []

    def keep(observation: Observation) -> int:
        kept.append(observation)
        return len(kept)

    async def story() -> None:
        monkeypatch.setattr("gateway.reception.RADIO_RETRY_SECONDS", 0.01)
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                listen, failures = it.radio.listen, iter([OSError, OSError])

                async def flaky(on_sighting: Any) -> None:
                    from gateway.sessions.link import LinkError

                    if next(failures, None):
                        raise LinkError("cannot scan")
                    await listen(on_sighting)

                async with collecting(it, store, keep, lambda: 0):
                    monkeypatch.setattr(it.radio, "listen", flaky)
                    await it.home.measure("cuff")
                    await until(lambda: len(kept) == 1)
                    assert next(failures, None) is None

    asyncio.run(story())


def test_a_second_collector_is_told_to_come_back_later(tmp_path: Path) -> None:
    with closing(store_of(tmp_path)), pytest.raises(SystemExit) as ended:
        store_of(tmp_path)
    assert ended.value.code == 75


def test_sigterm_ends_the_work_in_order() -> None:
    left: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(60)
        finally:
            left.append("closed")

    asyncio.run(until_stopped(work()))
    assert left == ["closed"]


@contextmanager
def child(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[str], key: str) -> dict[str, Any]:
    """The first line of output that has this key."""
    assert process.stdout is not None
    for line in process.stdout:
        if key in (said := json.loads(line)):
            return dict(said)
    raise AssertionError(f"the child never said {key}")


def test_a_killed_collector_comes_back_with_its_bonds_and_asks_for_the_rest(
    tmp_path: Path,
) -> None:
    journal = tmp_path / "journal"

    def kept() -> list[Observation]:
        lines = journal.read_bytes().splitlines() if journal.exists() else []
        return [one for one in map(decode, lines) if one is not None]

    def wait(control: str) -> None:
        deadline = time.monotonic() + 15
        while any(not one["fetched"] for one in tell(control, "taken")["taken"]):
            assert time.monotonic() < deadline, "readings were not fetched"
            time.sleep(0.05)

    radio_state = tmp_path / "radio"
    radio_state.mkdir()
    with child("tests.virtual.radio", "--state", str(radio_state), "--pairing") as radio:
        where = told(radio, "radio")
        arguments = (
            *("tests.virtual.collect", "--hub", str(tmp_path / "hub")),
            *("--radio", where["radio"], "--clock", where["clock"], "--journal", str(journal)),
            *("--passkey", f"{PASSKEY:06d}"),
        )
        with child(*arguments) as first:
            assert len(told(first, "collecting")["collecting"]) == 2
            for key in ("cuff", "meter"):
                tell(where["control"], "measure", device=key)
            wait(where["control"])
            first.kill()
        tell(where["control"], "measure", device="cuff")
        tell(where["control"], "measure", device="meter")
        with child(*arguments) as second:
            assert len(told(second, "collecting")["collecting"]) == 2
            wait(where["control"])
            second.terminate()
            assert second.wait(10) == 0
        taken = tell(where["control"], "taken")["taken"]
        radio.terminate()
        assert radio.wait(10) == 0
    expected = {one["raw"] for one in taken} | {one["context"] for one in taken if "context" in one}
    assert len(taken) == 4
    assert {one.frame.raw.hex() for one in kept()} == expected
    arrivals = [one.frame.arrival for one in kept()]
    assert len(set(arrivals)) == len(arrivals)
