"""What is shown in an emulated machine, in this order: each goes on from the one before."""

import json
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.vm import breaking, early, mending, pairing, reinstalled
from tests.vm.debian import Suite
from tests.vm.lab import ADAPTER_IS_UP, Lab
from tests.vm.plan import Plan


async def boots(lab: Lab, suite: Suite, _: Plan) -> str:
    seconds = await lab.start()
    python = await lab.machine.must("python3 --version")
    assert f" {suite.python}." in python, python
    shown = await lab.machine.must(f"uname -r; bluetoothctl --version; {ADAPTER_IS_UP}", 120)
    met = await lab.machine.must("systemctl show -P ConditionResult vitals-collector")
    assert met == "no", "the collector was started before there was anything to start it with"
    kernel, bluez = shown.splitlines()[:2]
    assert bluez.endswith(suite.bluez), bluez
    return f"{seconds:.0f} s, kernel {kernel}, {bluez}, {python}"


async def bonded_devices_reconnect(lab: Lab, _: Suite, plan: Plan) -> str:
    for _visit in range(plan.reconnects):
        await lab.visit(*lab.devices)
    found = await lab.settled()
    assert found.is_whole, f"{found}; {await lab.log()}"
    listed = json.loads(await lab.machine.must(f"{pairing.HUB} devices --json"))
    delivered = [one for one in listed if one["last_result"].startswith("complete")]
    assert len(delivered) == len(lab.devices), listed
    return f"{found}, from {len(lab.devices)} devices"


class Entry(NamedTuple):
    """A scenario and the most it may take; `needed`: the rest stands on it.

    `once`: shown on the first release alone, because it is systemd's part and takes a minute.
    `named`: run only when it is asked for by its name.
    """

    run: Callable[[Lab, Suite, Plan], Awaitable[str]]
    limit_s: float
    needed: bool = False
    once: bool = False
    named: bool = False


ALL: dict[str, Entry] = {
    "boots": Entry(boots, 300, needed=True),
    "pairs_just_works": Entry(pairing.pairs_just_works, 240, needed=True),
    "pairs_with_passkey": Entry(pairing.pairs_with_passkey, 400, needed=True),
    "bonded_devices_reconnect": Entry(bonded_devices_reconnect, 400),
    "early_indications": Entry(early.early_indications, 600),
    "plain_bleak_hears_none": Entry(early.plain_bleak_hears_none, 400),
    "collector_hangs": Entry(mending.collector_hangs, 300, once=True),
    "bluetoothd_hangs": Entry(mending.bluetoothd_hangs, 400),
    "mender_reboots_once": Entry(mending.mender_reboots_once, 300),
    "bluetoothd_killed": Entry(breaking.bluetoothd_killed, 700),
    "power_cut": Entry(breaking.power_cut, 1000),
    "power_cut_in_a_backlog": Entry(breaking.power_cut_in_a_backlog, 300),
    "pairing_survives_a_cut": Entry(pairing.pairing_survives_a_cut, 300),
    "bonds_survive_a_new_card": Entry(reinstalled.bonds_survive_a_new_card, 300),
    "background_connections": Entry(early.background_connections, 300, named=True),
}
NEEDED = tuple(name for name, entry in ALL.items() if entry.needed)
