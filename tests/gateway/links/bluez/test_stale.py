"""A device that has forgotten its bond, as each version of BlueZ tells it."""

import asyncio
from pathlib import Path

import pytest

from gateway.health.bonds import ending
from gateway.sessions.link import LinkError
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def test_from_5_83_a_missing_key_is_said_at_once_and_the_bond_is_left_alone(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, stale=True)
        async with stand(tmp_path, cuff) as it:
            it.daemon.version = 83
            with pytest.raises(LinkError, match="br-connection-key-missing") as told:
                async with it.radio.connect(await sight(it, cuff)):
                    raise AssertionError("it cannot connect")
            assert ending(str(told.value)) == "key_missing"
            assert it.forgotten == [cuff.id]
            assert cuff.connects == 1
            assert (it.daemon.calls["RemoveDevice"], cuff.bonded) == (0, True)

    asyncio.run(story())


def test_a_link_that_ends_for_its_keys_in_mid_conversation_is_told_too(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            it.daemon.version = 83
            async with it.radio.connect(await sight(it, cuff)):
                it.daemon.drop(cuff, "Authentication")
                await until(lambda: it.forgotten == [cuff.id])

    asyncio.run(story())


@pytest.mark.parametrize("reason", ["Unknown", "Timeout", "Local", "Remote", "LocalSuspend"])
def test_no_other_reason_speaks_of_the_bond(tmp_path: Path, reason: str) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True, discovered=True)
        stranger = FakeDevice(address="C0:FF:EE:00:00:99", discovered=True)
        async with stand(tmp_path, cuff, stranger) as it:
            it.daemon.version = 83
            async with it.radio.connect(await sight(it, cuff)) as link:
                it.daemon.drop(stranger, "Authentication")  # it has no bond to forget
                it.daemon.drop(cuff, reason)
                await until(lambda: not link.is_up)
            assert it.forgotten == []

    asyncio.run(story())
