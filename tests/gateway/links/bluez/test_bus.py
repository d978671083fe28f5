"""Calls over a real message bus: answers, errors, and a bus that goes."""

import asyncio
from pathlib import Path

import pytest

from gateway.links.bluez.bus import BUS, BusError, bluez_is_there, call, close, ended, open_bus
from tests.support.fake_bluez.private_bus import MISSING, REASON, private_bus

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def test_an_answer_is_its_body_and_an_error_is_raised(tmp_path: Path) -> None:
    async def story() -> None:
        bus = await open_bus()
        try:
            assert not await bluez_is_there(bus)
            names = await call(bus, "/org/freedesktop/DBus", BUS, "ListNames", destination=BUS)
            assert BUS in names[0]
            with pytest.raises(BusError) as told:
                await call(bus, "/", "org.bluez.Adapter1", "StartDiscovery")
            assert told.value.type == "org.freedesktop.DBus.Error.ServiceUnknown"
        finally:
            await close(bus)
        assert not bus.connected

    with private_bus(tmp_path):
        asyncio.run(story())


def test_the_end_of_the_bus_is_noticed(tmp_path: Path) -> None:
    async def story() -> None:
        with private_bus(tmp_path):
            bus = await open_bus()
        await asyncio.wait_for(ended(bus), 5)
        assert not bus.connected
        await close(bus)

    asyncio.run(story())
