"""Mender called, collector or daemon hanging: the hub goes on by itself."""

import asyncio
import json
import time

from tests.vm.debian import Suite
from tests.vm.lab import Lab
from tests.vm.plan import Plan
from tests.vm.witness import Break

LEAVE_REBOOT = (
    "/opt/vitals/bin/python -c 'from pathlib import Path; from gateway.health import mender;"
    " from gateway.health.ladder import Rung; mender.leave("
    'Path("/var/lib/vitals/collector/mend.json"), rung=Rung.REBOOT,'
    ' reason="test", boot=open("/proc/sys/kernel/random/boot_id").read().strip().replace("-", ""))'
    "'"
)


async def mender_reboots_once(lab: Lab, _: Suite, __: Plan) -> str:
    """A request left as the collector leaves it; a second one on the same day is refused."""
    lab.cuff.measure()
    asked = time.time()
    await _leave_reboot(lab)
    async with asyncio.timeout(90 * lab.patience):
        await lab.machine.ended()
    lab.breaks.append(Break(asked, time.time()))
    seconds = await lab.start()
    await lab.fetched(lab.cuff)
    await _leave_reboot(lab)
    async with asyncio.timeout(60 * lab.patience):
        while (mended := await _mended(lab))[-1] != ("reboot", "refused"):  # noqa: ASYNC110
            await asyncio.sleep(1)
    first, _refused = (outcome for rung, outcome in mended if rung == "reboot")
    assert first in {"begun", "done"}, mended  # it goes down while it writes
    found = await lab.settled([lab.cuff])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return f"shut down and booted in {seconds:.0f} s; a second one refused; {found}"


async def collector_hangs(lab: Lab, _: Suite, __: Plan) -> str:
    """SIGSTOP: no ping any more, so systemd ends it and starts another."""
    before = await _main_process(lab, "vitals-collector")
    began = time.time()
    await lab.machine.must(f"kill -STOP {before}")
    lab.breaks.append(Break(began, time.time()))
    await _other_process(lab, "vitals-collector", before, 120 * lab.patience)
    seconds = time.time() - began
    await lab.visit(lab.cuff)
    found = await lab.settled([lab.cuff])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return f"another one after {seconds:.0f} s; {found}"


async def bluetoothd_hangs(lab: Lab, _: Suite, __: Plan) -> str:
    """SIGSTOP: it answers nothing and does not end; collector and mender have it restarted.

    As their units ship: one without rights asks, one with few carries it out.
    """
    before = await _main_process(lab, "bluetooth")
    began = time.time()
    await lab.machine.must(f"kill -STOP {before}")
    lab.breaks.append(Break(began, time.time()))
    lab.cuff.measure()
    await lab.fetched(lab.cuff, seconds=300 * lab.patience)
    seconds = time.time() - began
    assert await _main_process(lab, "bluetooth") != before
    assert await _mended(lab) == [("bluetoothd_restart", "done")]
    assert (await lab.machine.sh("test -e /var/lib/vitals/collector/mend.json")).status == 1
    found = await lab.settled([lab.cuff])
    assert found.is_whole, f"{found}; {await lab.log()}"
    return f"fetched after {seconds:.0f} s; {found}"


async def _leave_reboot(lab: Lab) -> None:
    await lab.machine.must(f"runuser -u vitals-collector -- {LEAVE_REBOOT}")


async def _mended(lab: Lab) -> list[tuple[str, str]]:
    """What the mender has done so far, oldest first: rung and outcome."""
    records = await lab.machine.must("cat /var/lib/vitals-mender/mended.json")
    return [(record["rung"], record["outcome"]) for record in json.loads(records)]


async def _main_process(lab: Lab, unit: str) -> str:
    return await lab.machine.must(f"systemctl show -P MainPID {unit}")


async def _other_process(lab: Lab, unit: str, before: str, seconds: float) -> str:
    async with asyncio.timeout(seconds):
        while True:
            found = (await lab.machine.sh(f"systemctl show -P MainPID {unit}")).out.strip()
            if found not in {"", "0", before}:
                return found
            await asyncio.sleep(1)
