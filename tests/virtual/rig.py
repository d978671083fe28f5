"""A radio with its devices, and the hub's own radio code on it, in one process: for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gateway.links.ble import Backend, Limits, Radio
from gateway.sessions.link import Sighting
from tests.virtual.adapter import AdapterServer
from tests.virtual.backend import Adapter
from tests.virtual.home import Home
from tests.virtual.radio import open_home

PASSKEY = 314159
QUICK = Limits(connect=8.0, pair=8.0, operation=4.0, disconnect=4.0)


class Rig(NamedTuple):
    """What a test holds in its hands."""

    home: Home
    radio: Radio
    adapter: Adapter


@asynccontextmanager
async def rig(state: Path, *, typed: int = PASSKEY) -> AsyncIterator[Rig]:
    """Virtual home and hub radio; `typed` is what the technician types for a passkey."""

    async def passkey() -> int:
        return typed

    home = await open_home(state / "radio", passkey=PASSKEY)
    server = await AdapterServer.open(home.link)
    adapter = await Adapter.open(
        f"127.0.0.1:{server.port}", bonds=state / "bonds.json", passkey=passkey
    )
    try:
        yield Rig(home, Radio(Backend(adapter.scanner, adapter.client), limits=QUICK), adapter)
    finally:
        await adapter.close()
        await server.close()
        await home.power_off()


async def sight(rig: Rig, key: str) -> Sighting:
    """The next advertisement of this device."""
    wanted = "ble:" + rig.home.devices[key].address.replace(":", "").lower()
    for _ in range(20):
        found = {sighting.device: sighting for sighting in await rig.radio.scan(0.2)}
        if wanted in found:
            return found[wanted]
    raise AssertionError(f"{key} does not advertise")
