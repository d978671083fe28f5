"""What a scenario holds in its hands: the guest, the devices outside it, the clinic's keys."""

import asyncio
import base64
import io
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from cloud_sync.contract.observation import Observation
from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.virtual.adapter import AdapterServer
from tests.virtual.clock import PlayClock
from tests.virtual.cuff import Cuff
from tests.virtual.home import Home
from tests.virtual.meter import Meter
from tests.vm.build import Image
from tests.vm.machine import GuestError, Machine

SCRIPTS = Path(__file__).parent / "guest/scripts"
ADAPTER_ADDRESS = "00:1B:DC:00:00:01"
PASSKEY = 314159
VISIT_SECONDS = 150.0  # a rest of 40 s, a scan, and an emulated processor


class Air(LocalLink):
    """Data comes from the address the connection was made with.

    Bumble's own link always names the random one, which a kernel changes for each scan.
    """

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: Address,
        transport: PhysicalTransport,
        data: bytes,
    ) -> None:
        there = self.find_le_controller(destination_address)
        for connection in sender_controller.le_connections.values():
            if connection.peer_address == destination_address and there is not None:
                asyncio.get_running_loop().call_soon(
                    there.on_link_acl_data, connection.self_address, transport, data
                )
                return


class Lab:
    """One guest with its home."""

    def __init__(self, machine: Machine, home: Home, cuff: Cuff) -> None:
        self.machine, self.home, self.cuff = machine, home, cuff
        self.clinic = ClinicKeys()

    async def enrol(self, scratch: Path) -> None:
        """The state that enrolment leaves, with a clinic whose keys stay outside."""
        config = enrolled(scratch / "state", self.clinic, ballast_bytes=2**20)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(config.directory, "var/lib/vitals")
            for script in SCRIPTS.glob("*.py"):
                archive.add(script, f"opt/guest/{script.name}")
        text = base64.b64encode(packed.getvalue()).decode()
        await self.machine.must(f"echo {text} | base64 -d | tar xz --no-same-owner -C /")
        await self.machine.must("systemd-tmpfiles --create vitals.conf && sync")

    async def held(self) -> list[Observation]:
        """Every reading in `sealed.db`, opened with the clinic's keys."""
        python = "/opt/vitals/bin/python /opt/guest/held.py"
        text = await self.machine.must(f"runuser -u vitals-uplink -- {python}", 120)
        opened = [self.clinic.open(bytes.fromhex(row)) for row in text.splitlines()]
        found = [observation for observation in opened if observation is not None]
        assert len(found) == len(opened), "an envelope does not open"
        return found

    async def raws(self) -> list[str]:
        """The cuff's readings among them, as it sent them."""
        address = "ble:" + self.cuff.address.replace(":", "").lower()
        return [o.frame.raw.hex() for o in await self.held() if o.frame.device == address]

    async def visit(self, seconds: float = VISIT_SECONDS) -> dict[str, Any]:
        """Take a reading and wait until the hub has fetched it and the cuff is alone again."""
        record = await self.home.measure("cuff")
        await self.fetched(record, seconds)
        return record

    async def fetched(self, record: dict[str, Any], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not record["fetched"] or self.cuff.connection is not None:
                    if not self.cuff.is_heard:
                        await self.cuff.advertise()
                    await asyncio.sleep(0.2)
        except TimeoutError:
            log = await self.machine.sh("journalctl -b -u vitals-collector -n 12 -o cat", 60)
            words = f"not fetched within {seconds:.0f} s; the collector says:\n{log.out}"
            raise GuestError(words) from None


@asynccontextmanager
async def lab(image: Image, scratch: Path) -> AsyncIterator[Lab]:
    """Home, adapter and a guest that is off."""
    state = scratch / "home"
    state.mkdir()
    clock, link = PlayClock.create(state / "clock.json"), Air()  # type: ignore[no-untyped-call]
    cuff = Cuff(link=link, clock=clock, state=state, seed=1)
    meter = Meter(link=link, clock=clock, state=state, seed=1, passkey=PASSKEY)
    home = Home(link=link, clock=clock, cuff=cuff, meter=meter)
    await home.power_on()
    adapter = await AdapterServer.open(link, address=ADAPTER_ADDRESS)
    machine = await Machine.create(image, scratch, adapter.port)
    try:
        yield Lab(machine, home, cuff)
    finally:
        await machine.close()
        await adapter.close()
        await home.power_off()
