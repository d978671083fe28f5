"""Pairing by the product's own agent: `vitals-hub pair`, as a technician calls it."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from tests.virtual.peripheral import Peripheral
from tests.vm.debian import Suite
from tests.vm.lab import KILL_BLUETOOTHD, PASSKEY, Lab, name_of
from tests.vm.machine import GuestError, Result
from tests.vm.plan import Plan

HUB = "runuser -u vitals-collector -- /opt/vitals/bin/vitals-hub"
WRONG_PASSKEY = PASSKEY ^ 1
PAIR_SECONDS = 150.0
LISTENS = (
    "until busctl get-property org.bluez /org/bluez/hci0 org.bluez.Adapter1 Discovering"
    " | grep -q true; do sleep 1; done"
)


async def pairs_just_works(lab: Lab, _: Suite, __: Plan) -> str:
    await lab.machine.must("systemctl stop vitals-collector", 60)
    profiles = [(await pair(lab, cuff))["profile"] for cuff in lab.cuffs]
    assert profiles == ["and/ua-651ble"] * 2, profiles
    return f"two {profiles[0]} bonded by the product's own agent, on both sides"


async def pairs_with_passkey(lab: Lab, _: Suite, __: Plan) -> str:
    """Also with a daemon that is killed while the technician waits for the last device."""
    await lab.machine.must("systemctl stop vitals-collector", 60)
    refused = await _while_held(lab.meter, _ask(lab, lab.meter, WRONG_PASSKEY))
    assert refused.status == 2, f"six wrong digits: {refused}"
    assert not await lab.meter.bonded()
    devices = [lab.meter, *lab.eager]
    for device in devices[:-1]:
        await pair(lab, device, PASSKEY)
    waiting = asyncio.ensure_future(_ask(lab, devices[-1], PASSKEY))
    await lab.machine.must(LISTENS, 90)
    await lab.machine.must(KILL_BLUETOOTHD)
    result = await _while_held(devices[-1], waiting)
    assert result.status == 0, f"with bluetoothd killed meanwhile: {result.err[-600:]}"
    assert await devices[-1].bonded()
    await lab.machine.must("systemctl start vitals-collector", 60)
    return f"{len(devices)} devices with six digits; wrong ones refused; one across a killed daemon"


async def pairing_survives_a_cut(lab: Lab, _: Suite, __: Plan) -> str:
    """The technician pulls the plug the moment the hub has said that it is done."""
    device = lab.eager[-1]
    await lab.machine.must("systemctl stop vitals-collector", 60)
    await lab.machine.must(f"{HUB} unpair {name_of(device)}", 90)
    await device.forget()
    await pair(lab, device, PASSKEY)
    await lab.cut()
    await lab.start()
    await lab.visit(device)
    found = await lab.settled([device])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return f"bond and list are there after the cut; {found}"


async def pair(lab: Lab, device: Peripheral, passkey: int | None = None) -> dict[str, Any]:
    """Somebody holds the button, the technician calls the command."""
    result = await _while_held(device, _ask(lab, device, passkey))
    if result.status:
        raise GuestError(f"pair {device.key}: status {result.status}: {result.err[-600:]}")
    assert await device.bonded(), "the hub says paired, the device does not"
    paired: list[dict[str, Any]] = json.loads(result.out)
    return paired[0]


def _ask(lab: Lab, device: Peripheral, passkey: int | None = None) -> Awaitable[Result]:
    digits = "" if passkey is None else f" --passkey {passkey:06d}"
    window_s = (PAIR_SECONDS - 30) * lab.patience
    command = f"{HUB} pair --json --device {name_of(device)} --window {window_s:.0f}{digits}"
    return lab.machine.sh(command, PAIR_SECONDS * lab.patience)


async def _while_held(device: Peripheral, asking: Awaitable[Result]) -> Result:
    """The person holds the button again whenever the device has gone quiet."""
    task = asyncio.ensure_future(asking)
    try:
        while not task.done():
            ready = device.is_heard and device.pairing_mode
            if device.connection is None and not ready and not await device.bonded():
                await device.set_pairing_mode(True)
            await asyncio.sleep(0.2)
        return task.result()
    finally:
        task.cancel()
        await device.set_pairing_mode(False)
