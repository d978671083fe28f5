"""The contract with bleak's unstable base classes, and the play of whole days."""

import asyncio
import inspect
from contextlib import closing
from pathlib import Path

import pytest
from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner

from gateway.buffer.devices import DeviceStore
from gateway.collector import collect
from gateway.provisioning.pairing import pair_device
from tests.virtual import backend, patient
from tests.virtual.rig import rig


@pytest.mark.parametrize(
    ("base", "ours"),
    [(BaseBleakClient, backend._Client), (BaseBleakScanner, backend._Scanner)],
)
def test_every_method_bleak_calls_is_there_and_takes_what_bleak_gives(
    base: type, ours: type
) -> None:
    assert not inspect.isabstract(ours)
    for name, method in inspect.getmembers(base, inspect.isfunction):
        if name.startswith("_"):
            continue
        wanted = inspect.signature(method).parameters.values()
        given = inspect.signature(getattr(ours, name)).parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in given.values())
        for parameter in wanted:
            assert (
                parameter.name in given
                or takes_any
                or parameter.kind
                in (
                    parameter.VAR_KEYWORD,
                    parameter.VAR_POSITIONAL,
                )
            ), f"{name}({parameter.name})"


def test_the_same_seed_takes_the_same_readings() -> None:
    assert [patient.pressure(7, n) for n in range(9)] == [patient.pressure(7, n) for n in range(9)]
    assert patient.sugar(7, 0) != patient.sugar(8, 0)


def test_days_are_played_to_now_and_each_reading_is_fetched_on_its_own_day(
    tmp_path: Path,
) -> None:
    received: dict[str, int] = {}

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                clock = it.home.clock
                real_start = clock.now_ms()
                for key in it.home.devices:
                    await it.home.devices[key].set_pairing_mode(True)
                    await pair_device(it.radio, store, clock, wanted=lambda *_: True)
                work = collect(
                    radio=it.radio,
                    custody_keep=lambda o: received.setdefault(
                        o.frame.raw.hex(), o.frame.received.wall_ms
                    ),
                    settle=lambda: 0,
                    devices=store,
                    clock=clock,
                    hub="ab" * 16,
                    software="test",
                    hold_off_s=0.05,
                )
                collector = asyncio.get_running_loop().create_task(work)
                it.home.play(2)
                async with asyncio.timeout(30):
                    while not it.home.playing["done"]:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                collector.cancel()
                await asyncio.gather(collector, return_exceptions=True)
                taken = it.home.taken()
                assert {one["device"] for one in taken} == {"cuff", "meter"}
                assert len({clock.at(one["at_ms"]).date() for one in taken}) >= 1
                for one in taken:
                    assert one["at_ms"] < real_start
                    assert 0 <= received[one["raw"]] - one["at_ms"] < 60_000
                assert abs(clock.now_ms() - real_start) < 60_000

    asyncio.run(story())
