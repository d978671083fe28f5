"""The collector: listens for the hub's devices, talks to one at a time, keeps what they say.

No network here. A frame is decoded, sealed and committed before the radio goes on.
"""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.observation import Observation, Received
from gateway.buffer.devices import Device, DeviceStore, InUseError
from gateway.buffer.store import Status
from gateway.config import software
from gateway.health.anchors import AnchorLog
from gateway.health.clock import HubClock, SystemClock
from gateway.provisioning.hatch import serve_hatch
from gateway.reception import CollectorRadio, Reception

_EX_TEMPFAIL = 75  # sysexits.h: try again later
SETTLE_SECONDS = 5.0
# Seconds without progress that a loop may have; of a conversation each kept record is progress.
LIMITS_S = {"tend": 30.0, "radio": 150.0, "talk": 180.0}
_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """The part of `buffer.custody.Custody` that is tended to."""

    def settle(self) -> int: ...

    def fate(self, seq: int) -> Status | None: ...

    def keep_anchor(self, anchor: TimeAnchor) -> int: ...

    def report(self, received: Received, *, devices: int) -> object: ...


async def collect(  # noqa: PLR0913 - each is an edge that a test puts its own in place of
    *,
    radio: CollectorRadio,
    custody_keep: Callable[[Observation], int],
    settle: Callable[[], int],
    devices: DeviceStore,
    clock: HubClock,
    hub: str,
    software: str,
    hold_off_s: float | None = None,
    settle_every_s: float = SETTLE_SECONDS,
    background: bool = True,
    hatch: Path | None = None,
) -> None:
    """Collect until cancelled. `custody_keep` returns after its commit; a fault of it ends this.

    `hold_off_s` is the rest after a good conversation; without it, 40 s or what the profile says.
    `hatch` is the socket at which a technician's commands are taken meanwhile.
    """
    reception = Reception(
        radio,
        keep=custody_keep,
        devices=devices,
        clock=clock,
        hub=hub,
        software=software,
        hold_off_s=hold_off_s,
        background=background,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(reception.run())
        group.create_task(_settle(settle, settle_every_s))
        if hatch is not None:
            group.create_task(serve_hatch(hatch, reception))


async def _settle(settle: Callable[[], int], every_s: float) -> None:
    while True:
        settle()
        await asyncio.sleep(every_s)


async def until_stopped(work: Coroutine[None, None, None]) -> None:
    """Run this until SIGTERM or SIGINT; links are closed before it returns."""
    task = asyncio.get_running_loop().create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main(state_dir: Path) -> None:
    """Collect on this machine's own Bluetooth until stopped."""
    from gateway.buffer.custody import open_custody
    from gateway.config import load, software
    from gateway.healing import healed
    from gateway.health.notify import watched
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez

    config = load(state_dir)
    clock = SystemClock()
    with (
        watched(LIMITS_S) as dog,
        closing(open_custody(config)) as custody,
        closing(store_of(config.collector)) as devices,
        healed(Radio(bluez=Bluez()), config=config, devices=devices, clock=clock, dog=dog) as radio,
    ):
        work = collect(
            radio=radio,
            custody_keep=dog.after("talk", custody.keep),
            settle=dog.after("tend", tending(custody, devices, clock)),
            devices=devices,
            clock=clock,
            hub=custody.hub,
            software=software(),
            background=config.background,
            hatch=config.hatch,
        )
        asyncio.run(until_stopped(work))


def store_of(directory: Path) -> DeviceStore:
    """The device store of a collector directory; a process that is there already ends this one."""
    try:
        return DeviceStore(directory / "devices.db")
    except InUseError as error:
        _log.critical("%s", error)
        raise SystemExit(_EX_TEMPFAIL) from error


def tending(custody: Keeper, devices: DeviceStore, clock: HubClock) -> Callable[[], int]:
    """What is done every few seconds: apply receipts, anchor the time, state how things are.

    A pairing is proven here, once the clinic's receipt for the device's first reading is in.
    """
    log = AnchorLog(software())

    def tend() -> int:
        fresh, now = custody.settle(), clock.received()
        anchor = log.due(now)
        if anchor is not None:
            custody.keep_anchor(anchor)
            log.sealed(anchor)
        known = devices.all()
        for device in known:
            _prove(device, custody, devices, now)
        custody.report(now, devices=len(known))
        return fresh

    return tend


def _prove(device: Device, custody: Keeper, devices: DeviceStore, now: Received) -> None:
    if device.proven or device.sealed_seq is None:
        return
    match custody.fate(device.sealed_seq):
        case Status.RECEIVED:
            devices.note_proven(device.id, at_ms=now.wall_ms)
        case Status.REFUSED:  # another reading is to prove it
            devices.note_refused(device.id)
