"""A card is installed anew: the bonds come back from a backup, and the devices notice nothing."""

import json

from tests.vm.debian import Suite
from tests.vm.lab import ADAPTER_IS_UP, Lab, name_of
from tests.vm.plan import Plan

HUB = "/opt/vitals/bin/vitals-hub"
FILE = "/root/kitchen.vitals-backup"
WIPE = (
    "systemctl stop vitals-collector bluetooth;"
    " rm -rf /var/lib/bluetooth/* /var/lib/vitals/collector/devices.*; systemctl start bluetooth"
)
BONDED = (
    "bluetoothctl --timeout 3 devices | wc -l; ls /var/lib/bluetooth/*/*/info 2>/dev/null | wc -l"
)
MODES = "stat -c '%a %U' /var/lib/bluetooth/*/*:* /var/lib/bluetooth/*/*:*/info"


async def bonds_survive_a_new_card(lab: Lab, _: Suite, __: Plan) -> str:
    keys = [(name, key.to_dict()) for name, key in await lab.cuff.bonds.get_all()]
    (made,) = json.loads(await lab.machine.must(f"{HUB} backup {FILE} --json", 60))
    await lab.machine.must(WIPE, 90)
    await lab.machine.must(ADAPTER_IS_UP, 60)
    assert (await lab.machine.must(BONDED)).split()[-1] == "0"
    wrong = await lab.machine.sh(f"echo {made['code'][::-1]} | {HUB} restore {FILE}", 60)
    assert (wrong.status, (await lab.machine.must(BONDED)).split()[-1]) == (2, "0"), wrong
    command = f"echo {made['code']} | {HUB} restore {FILE} --json"
    restored = json.loads(await lab.machine.must(command, 120))
    assert {row["bond"] for row in restored} == {"restored"}, restored
    assert name_of(lab.cuff) in {row["device"] for row in restored}
    modes = set((await lab.machine.must(MODES)).splitlines())
    assert modes == {"700 root", "600 root"}, modes
    owner = await lab.machine.must("stat -c %U /var/lib/vitals/collector/devices.db")
    assert owner.strip() == "vitals-collector", owner
    await lab.machine.must("systemctl start vitals-collector", 60)
    await lab.visit(lab.cuff)
    found = await lab.settled([lab.cuff])
    assert found.is_whole, f"{found}; {await lab.log()}"
    assert [(name, key.to_dict()) for name, key in await lab.cuff.bonds.get_all()] == keys
    return f"{len(restored)} bonds back from {made['bonds']}; {found}"
