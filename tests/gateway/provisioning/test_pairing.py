"""Pairing as a technician does it, on the virtual radio."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.profiles import Profile
from gateway.provisioning.pairing import NothingFoundError, Paired, pair_device
from gateway.sessions.link import LinkError, RadioUnavailableError, Sighting
from tests.virtual.rig import Rig, rig


def anything(_sighting: Sighting, _profile: Profile) -> bool:
    return True


async def pair(it: Rig, store: DeviceStore, key: str, *, again: bool = False) -> Paired:
    await it.home.devices[key].set_pairing_mode(True)
    return await pair_device(
        it.radio, store, it.home.clock, wanted=anything, again=again, window_s=5
    )


@pytest.mark.parametrize(
    ("key", "device", "profile"),
    [
        ("cuff", "ble:c0ffee000651", "and/ua-651ble"),
        ("meter", "ble:c0ffee001808", "accu-chek/guide"),
    ],
)
def test_it_bonds_and_notes_the_device(tmp_path: Path, key: str, device: str, profile: str) -> None:
    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                paired = await pair(it, store, key)
                assert (paired.device, paired.profile.id) == (device, profile)
                assert await it.home.devices[key].bonded()
                noted = store.get(device)
                assert noted is not None
                assert (noted.profile, noted.proven) == (profile, False)

    asyncio.run(story())


def test_it_sets_the_clock_before_the_first_reading(tmp_path: Path) -> None:
    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                off = it.home.clock.local() - it.home.cuff.own_time()
                assert off > timedelta(minutes=3)
                await pair(it, store, "cuff")
                assert it.home.clock.local() - it.home.cuff.own_time() < timedelta(seconds=5)

    asyncio.run(story())


def test_a_device_that_forgot_the_hub_pairs_again_when_a_person_asks(tmp_path: Path) -> None:
    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                await pair(it, store, "cuff")
                await it.home.cuff.forget()
                with pytest.raises(LinkError):
                    await pair(it, store, "cuff")
                await pair(it, store, "cuff", again=True)
                assert await it.home.cuff.bonded()

    asyncio.run(story())


def test_a_wrong_passkey_pairs_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path, typed=1) as it:
                with pytest.raises(LinkError):
                    await pair(it, store, "meter")
                assert store.all() == []

    asyncio.run(story())


def test_nothing_wanted_in_reach_is_said_in_time(tmp_path: Path) -> None:
    def meters_only(_sighting: Sighting, profile: Profile) -> bool:
        return profile.kind == "glucose"

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:
                await it.home.cuff.set_pairing_mode(True)
                with pytest.raises(NothingFoundError):
                    await pair_device(
                        it.radio, store, it.home.clock, wanted=meters_only, window_s=0.5
                    )

    asyncio.run(story())


def test_a_radio_that_fails_says_so_and_not_that_nothing_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as store:
            async with rig(tmp_path) as it:

                async def fail(_on_sighting: object) -> None:
                    raise RadioUnavailableError("cannot scan")

                monkeypatch.setattr(it.radio, "listen", fail)
                with pytest.raises(RadioUnavailableError):
                    await pair_device(it.radio, store, it.home.clock, wanted=anything)

    asyncio.run(story())
