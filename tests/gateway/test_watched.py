"""The collector's own loops before a real notify socket: stalled, they fall silent."""

import asyncio
import socket
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.collector import collect
from gateway.healing import healed
from gateway.health.notify import watched
from gateway.sessions.link import Sighting
from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.support.still_radio import StillRadio
from tests.virtual.clock import PlayClock

NEAR = Sighting(device="ble:1", local_name="A", service_uuids=(), rssi=-50, handle=None)


class HangingRadio(StillRadio):
    """Hears a known device at once; a connection to it never comes about."""

    def __init__(self, *, hears: bool) -> None:
        self.hears = hears

    async def listen(self, on_sighting: Any) -> None:
        if self.hears:
            on_sighting(NEAR)
        await asyncio.sleep(3600)

    @asynccontextmanager
    async def connect(self, _sighting: Sighting, **_how: object) -> Any:
        await asyncio.sleep(3600)
        yield None


@pytest.mark.parametrize("hangs", [False, True])
def test_a_hanging_conversation_ends_the_pings_while_the_other_loops_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    config = enrolled(tmp_path / "hub", ClinicKeys())
    clock = PlayClock.create(tmp_path / "clock.json")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "200000")  # a ping each 50 ms at most
    tended: list[int] = []

    async def story() -> None:
        with (
            watched({"tend": 30.0, "radio": 30.0, "talk": 0.3}) as dog,
            closing(DeviceStore(tmp_path / "devices.db")) as devices,
        ):
            devices.pair("ble:1", profile="and/ua-651ble", name="cuff", at_ms=0)
            radio = HangingRadio(hears=hangs)
            with healed(radio, config=config, devices=devices, clock=clock, dog=dog) as it:
                it._check_s = 0.02

                def tend() -> int:
                    tended.append(1)
                    return 0

                work = collect(
                    radio=it,
                    custody_keep=lambda _observation: 1,
                    settle=dog.after("tend", tend),
                    devices=devices,
                    clock=clock,
                    hub="ab" * 16,
                    software="test",
                    settle_every_s=0.02,
                )
                task = asyncio.ensure_future(work)
                await asyncio.sleep(0.8)  # the talk is over its limit by now, if there is one
                heard(supervisor)
                before = len(tended)
                while len(tended) < before + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                pings = [word for word in heard(supervisor) if word == "WATCHDOG=1"]
                assert bool(pings) is not hangs
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.setblocking(False)
        asyncio.run(story())
        assert "STOPPING=1" in heard(supervisor)


def heard(supervisor: socket.socket) -> list[str]:
    found: list[str] = []
    while True:
        try:
            found += supervisor.recv(4096).decode().splitlines()
        except BlockingIOError:
            return found
