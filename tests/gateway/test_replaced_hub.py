"""A hub is replaced: the same bonds, the same patient, nothing counted twice. Over real pairing."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.buffer.custody import open_custody
from gateway.buffer.devices import DeviceStore, read_devices
from gateway.collector import collect
from gateway.commands.backup import backup
from gateway.commands.restore import restore
from gateway.config import HubConfig
from gateway.links.ble import Backend, Radio
from gateway.provisioning.pairing import pair_device
from tests.cloud_sync.ledger.records import ANN
from tests.gateway.test_collector import until
from tests.support.clinic_desk import ClinicDesk
from tests.virtual.adapter import AdapterServer
from tests.virtual.backend import HUB_ADDRESS, Adapter
from tests.virtual.bonds import BluezBonds
from tests.virtual.home import Home
from tests.virtual.radio import open_home
from tests.virtual.rig import PASSKEY, QUICK

CUFF, METER = "ble:c0ffee000651", "ble:c0ffee001808"
OTHER_ADDRESS = "C0:FF:EE:00:00:02"


class Bench(NamedTuple):
    """A home with a cuff and a meter, and the clinic that hears of them."""

    home: Home
    port: int
    clinic: ClinicDesk


class Hub(NamedTuple):
    """One hub: its state, bluetoothd's directory, and the address of its adapter."""

    config: HubConfig
    bluetooth: Path
    address: str = HUB_ADDRESS

    @property
    def devices_db(self) -> Path:
        return self.config.collector / "devices.db"


@asynccontextmanager
async def bench(directory: Path) -> AsyncIterator[Bench]:
    home = await open_home(directory / "radio", passkey=PASSKEY)
    server = await AdapterServer.open(home.link)
    clinic = ClinicDesk.open(directory / "clinic")
    try:
        yield Bench(home, server.port, clinic)
    finally:
        clinic.store.close()
        await server.close()
        await home.power_off()


def hub_of(it: Bench, directory: Path, address: str = HUB_ADDRESS) -> Hub:
    (directory / "bluetooth").mkdir(parents=True, mode=0o700)
    return Hub(it.clinic.enrol(directory / "state"), directory / "bluetooth", address)


@asynccontextmanager
async def radio_of(it: Bench, hub: Hub) -> AsyncIterator[Radio]:
    async def passkey() -> int:
        return PASSKEY

    adapter = await Adapter.open(
        f"127.0.0.1:{it.port}",
        bonds=BluezBonds(hub.bluetooth, hub.address),
        passkey=passkey,
        address=hub.address,
    )
    try:
        yield Radio(Backend(adapter.scanner, adapter.client), limits=QUICK)
    finally:
        await adapter.close()


async def pair(it: Bench, hub: Hub, *keys: str) -> None:
    with closing(DeviceStore(hub.devices_db)) as store:
        async with radio_of(it, hub) as radio:
            for key in keys:
                await it.home.devices[key].set_pairing_mode(True)
                await pair_device(radio, store, it.home.clock, wanted=lambda *_: True, window_s=5)


@asynccontextmanager
async def running(it: Bench, hub: Hub) -> AsyncIterator[None]:
    """The hub's collector, with sealed custody, for the length of the block."""
    with (
        closing(open_custody(hub.config)) as custody,
        closing(DeviceStore(hub.devices_db)) as store,
    ):
        async with radio_of(it, hub) as radio:
            work = collect(
                radio=radio,
                custody_keep=custody.keep,
                settle=custody.settle,
                devices=store,
                clock=it.home.clock,
                hub=custody.hub,
                software="test",
                hold_off_s=0.1,
                settle_every_s=0.05,
            )
            task = asyncio.get_running_loop().create_task(work)
            try:
                yield
                await until(lambda: not any(d.connection for d in it.home.devices.values()))
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def receipted(hub: Hub) -> int:
    """How many of its envelopes the hub may forget now, by receipts that it checked itself."""
    with closing(open_custody(hub.config)) as custody:
        return custody.settle()


async def told(it: Bench) -> None:
    """Both devices have handed over all they have."""
    await until(lambda: not any(device.waiting() for device in it.home.devices.values()))


class Technician:
    """Backup and restore, typed at a terminal."""

    def __init__(
        self, stick: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.file, self._capsys, self._monkeypatch = stick, capsys, monkeypatch

    def back_up(self, hub: Hub) -> str:
        backup(self.file, bluetooth=hub.bluetooth, state=hub.config.directory, as_json=True)
        return str(json.loads(self._capsys.readouterr().out)[0]["code"])

    def restore(self, hub: Hub, code: str) -> dict[str, str]:
        """What became of each device's bond."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(code))
        restore(
            self.file,
            adapter=hub.address,
            bluetooth=hub.bluetooth,
            state=hub.config.directory,
            as_json=True,
        )
        rows = json.loads(self._capsys.readouterr().out)
        return {row["device"]: row["bond"] for row in rows}


@pytest.fixture
def technician(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Technician:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    return Technician(tmp_path / "stick", capsys, monkeypatch)


async def first_hub(it: Bench, directory: Path) -> Hub:
    """Hub A has paired both, and the clinic has one reading of each, given to ANN."""
    a = hub_of(it, directory)
    await pair(it, a, "cuff", "meter")
    async with running(it, a):
        await it.home.measure("cuff")
        await it.home.measure("meter")
        await told(it)
    assert it.clinic.take(a.config, at_ms=1000) == 3
    for device in (CUFF, METER):
        it.clinic.assign(device, at_ms=2000)
    return a


def test_with_the_same_adapter_the_new_hub_reads_on_over_the_same_bonds(
    tmp_path: Path, technician: Technician
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as it:
            a = await first_hub(it, tmp_path / "a")
            code = await asyncio.to_thread(technician.back_up, a)
            bonds = await it.home.cuff.bonds.get_all()
            b = hub_of(it, tmp_path / "b")
            back = await asyncio.to_thread(technician.restore, b, code)
            assert back == {CUFF: "restored", METER: "restored"}
            assert b.config.hub != a.config.hub
            async with running(it, b):
                await it.home.measure("cuff")
                await it.home.measure("meter")
                await told(it)
            assert await it.home.cuff.bonds.get_all() == bonds  # nobody paired again
            assert it.clinic.take(b.config, at_ms=3000) == 3  # not the meter's first record again
            for kind in ("blood_pressure", "glucose"):
                assert it.clinic.readings(kind) == [(a.config.hub, ANN), (b.config.hub, ANN)]
            assert receipted(b) == 3
            assert all(device.proven for device in read_devices(b.devices_db))

    asyncio.run(story())


def test_with_another_adapter_what_is_paired_again_and_read_again_counts_once(
    tmp_path: Path, technician: Technician
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as it:
            a = await first_hub(it, tmp_path / "a")
            code = await asyncio.to_thread(technician.back_up, a)
            b = hub_of(it, tmp_path / "b", OTHER_ADDRESS)
            back = await asyncio.to_thread(technician.restore, b, code)
            assert back == {CUFF: "pair_again", METER: "pair_again"}
            await pair(it, b, "meter")
            async with running(it, b):
                await it.home.measure("meter")
                await told(it)
            assert it.clinic.take(b.config, at_ms=3000) == 4  # two records with their contexts
            assert it.clinic.readings("glucose") == [(a.config.hub, ANN), (b.config.hub, ANN)]

    asyncio.run(story())


def test_a_bond_under_another_adapters_address_is_worth_nothing(tmp_path: Path) -> None:
    """Why it is not put back there: the device looks its key up by the address it bonded with."""

    async def story() -> None:
        async with bench(tmp_path) as it:
            a = await first_hub(it, tmp_path / "a")
            b = Hub(a.config, tmp_path / "b", OTHER_ADDRESS)
            b.bluetooth.mkdir()
            (a.bluetooth / HUB_ADDRESS).rename(b.bluetooth / OTHER_ADDRESS)
            async with running(it, b):
                await it.home.measure("cuff")

                def tried_in_vain() -> bool:
                    (cuff,) = [d for d in read_devices(b.devices_db) if d.id == CUFF]
                    return cuff.last_result.startswith("failed")

                await until(tried_in_vain)
            assert len(it.home.cuff.waiting()) == 1

    asyncio.run(story())
