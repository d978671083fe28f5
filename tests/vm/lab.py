"""What a scenario holds in its hands: the guest, the devices outside it, the clinic's keys."""

import asyncio
import base64
import io
import tarfile
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address
from bumble.link import LocalLink

from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.virtual.adapter import AdapterServer
from tests.virtual.clock import PlayClock
from tests.virtual.cuff import GATE_SECONDS, Cuff
from tests.virtual.eager import EagerCuff
from tests.virtual.meter import Meter
from tests.virtual.peripheral import Peripheral
from tests.vm.build import Image
from tests.vm.machine import GuestError, Machine
from tests.vm.witness import Balance, Break, Told, Witness, balance, key_of

SCRIPTS = Path(__file__).parent / "guest/scripts"
ADAPTER_ADDRESS = "00:1B:DC:00:00:01"
PASSKEY = 314159
EAGER_CUFFS = 4
KILL_BLUETOOTHD = "busybox killall -KILL bluetoothd"
ADAPTER_IS_UP = (
    "until busctl get-property org.bluez /org/bluez/hci0 org.bluez.Adapter1 Powered"
    " | grep -q true; do sleep 0.5; done"
)
VISIT_SECONDS = 150.0  # a rest of 40 s, a scan, and an emulated processor
COMMIT_SECONDS = 60.0
BOOT_SECONDS_IDLE = 15.0


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


class SecondCuff(Cuff):
    """So that one is there to be visited while the first one rests."""

    key = "second"


class Lab:
    """One guest with its home."""

    def __init__(
        self, machine: Machine, *, cuffs: list[Cuff], meter: Meter, eager: list[EagerCuff]
    ) -> None:
        self.machine, self.cuffs, self.meter, self.eager = machine, cuffs, meter, eager
        self.cuff = cuffs[0]
        self.clinic = ClinicKeys()
        self.witness = Witness(self.clinic)
        self.patience = 1.0  # how much slower than an idle machine this one is
        self.breaks: list[Break] = []  # when a daemon was killed or the power cut

    @property
    def devices(self) -> list[Peripheral]:
        return [*self.cuffs, self.meter, *self.eager]

    async def start(self) -> float:
        """Boot; seconds until the guest takes commands."""
        self.witness.begin_anew()
        seconds = await self.machine.start()
        self.patience = max(self.patience, min(seconds / BOOT_SECONDS_IDLE, 4.0))
        for cuff in self.cuffs:
            cuff.gate_s = GATE_SECONDS * self.patience
        return seconds

    async def cut(self) -> None:
        """The power goes, now."""
        began = time.time()
        await self.machine.cut()
        self.breaks.append(Break(began, time.time()))

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
        enable = "systemctl enable --now -q vitals-collector vitals-mender.path"
        await self.machine.must(f"systemd-tmpfiles --create vitals.conf && {enable} && sync", 120)

    async def balance(self, devices: Iterable[Peripheral] | None = None) -> Balance:
        """What these devices got confirmed, against what the guest has committed."""
        told = [each for device in devices or self.devices for each in told_by(device)]
        self.witness.begin_anew()
        self.machine.ask_witness()
        await self.witness.complete(COMMIT_SECONDS)
        return balance(
            told, self.witness.held(), committed=self.witness.committed(), breaks=self.breaks
        )

    async def settled(
        self, devices: Iterable[Peripheral] | None = None, tries: int = 10
    ) -> Balance:
        """The balance once what was just confirmed has had time to be committed."""
        for _ in range(tries):
            found = await self.balance(devices)
            if not found.lost:
                break
            await asyncio.sleep(1)
        return found

    async def visit(self, *devices: Peripheral, seconds: float = VISIT_SECONDS) -> None:
        """A reading on each; until the hub has fetched them and the devices are alone again."""
        for device in devices:
            device.measure()
        await self.fetched(*devices, seconds=seconds)

    async def first_visits(self, cuffs: list[EagerCuff]) -> int:
        """After a daemon's start nobody can be subscribed yet: how many were heard is counted."""
        await self.visit(*cuffs)
        await self.settled(cuffs, tries=3)
        heard = 0
        for cuff in cuffs:
            found = await self.balance([cuff])
            assert found.lost <= 1, str(found)
            heard += not found.lost
            if found.lost:
                cuff.memory["records"][-1].pop("fetched_ms")
        return heard

    async def fetched(self, *devices: Peripheral, seconds: float = VISIT_SECONDS) -> None:
        """Until nothing waits on any of them and none is connected; each is kept awake."""
        try:
            async with asyncio.timeout(seconds):
                while waiting := [d for d in devices if d.waiting() or d.connection is not None]:
                    for device in waiting:
                        if not device.is_heard:
                            await device.advertise()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise GuestError(f"not fetched in {seconds:.0f} s; {await self.log()}") from None

    async def log(self) -> str:
        """What the collector said last."""
        try:
            said = await self.machine.sh("journalctl -b -u vitals-collector -n 12 -o cat", 60)
        except (TimeoutError, AssertionError):
            return "and the guest does not answer"
        return f"the collector says:\n{said.out}"


def told_by(device: Peripheral) -> list[Told]:
    """Everything this device has a confirmation for."""
    name = name_of(device)
    return [
        Told(key_of(name, bytes.fromhex(record[part])), record["fetched_ms"] / 1000)
        for record in device.memory["records"]
        for part in ("raw", "context")
        if part in record and "fetched_ms" in record
    ]


def name_of(device: Peripheral) -> str:
    """As the hub calls it."""
    return "ble:" + device.address.replace(":", "").lower()


@asynccontextmanager
async def lab(image: Image, scratch: Path) -> AsyncIterator[Lab]:
    """Home, adapter and a guest that is off."""
    state = scratch / "home"
    state.mkdir()
    clock, link = PlayClock.create(state / "clock.json"), Air()  # type: ignore[no-untyped-call]
    common: dict[str, Any] = {"link": link, "clock": clock, "state": state, "seed": 1}
    eager = [EagerCuff(**common, passkey=PASSKEY, number=n) for n in range(EAGER_CUFFS)]
    cuffs = [Cuff(**common), SecondCuff(**common, address="C0:FF:EE:00:06:52")]
    meter = Meter(**common, passkey=PASSKEY)
    for device in (*cuffs, meter, *eager):
        await device.power_on()
    adapter = await AdapterServer.open(link, address=ADAPTER_ADDRESS)
    machine = await Machine.create(image, scratch, adapter.port)
    made = Lab(machine, cuffs=cuffs, meter=meter, eager=eager)
    hearing = asyncio.get_running_loop().create_task(_hear(made))
    try:
        yield made
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await machine.close()
        await adapter.close()
        for device in made.devices:
            await device.power_off()


async def _hear(lab: Lab) -> None:
    while True:
        lab.witness.feed(await lab.machine.witness.line(None))
