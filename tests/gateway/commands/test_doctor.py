"""`vitals-hub doctor` on a machine without Bluetooth, and on no hub at all."""

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from gateway.buffer.devices import DeviceStore
from gateway.buffer.upkeep import Attempt, Heard, UpkeepStore
from gateway.commands.upkeep import device_facts, meters, recoveries
from tests.gateway.clinic_keys import ClinicKeys, enrolled


def doctor(state: Path, *more: str) -> subprocess.CompletedProcess[str]:
    nowhere = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={state}/no-bus"}
    command = [sys.executable, "-m", "gateway.cli", "doctor", "--state", str(state), *more]
    return subprocess.run(
        command, capture_output=True, check=False, text=True, env={**os.environ, **nowhere}
    )


def test_a_hub_without_bus_and_clinic_says_both_and_what_to_do(tmp_path: Path) -> None:
    enrolled(tmp_path, ClinicKeys())
    done = doctor(tmp_path, "--json")
    assert done.returncode == 2, done.stderr
    found = {each["code"]: each for each in json.loads(done.stdout)}
    assert {"no_bus", "clinic_unreachable"} <= set(found)
    assert found["no_bus"]["remedy"] == "Restart the hub."
    said = doctor(tmp_path).stdout
    assert "! No device can be reached because the system's message bus does not answer." in said


def test_no_hub_is_a_finding_too(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json")
    assert done.returncode == 2
    assert [each["code"] for each in json.loads(done.stdout)] == ["not_enrolled"]
    assert "Traceback" not in done.stderr


def test_a_new_bond_is_not_blamed_for_what_the_old_one_did(tmp_path: Path) -> None:
    config = enrolled(tmp_path, ClinicKeys())
    assert (device_facts(config), recoveries(config)) == ((), ())
    with closing(DeviceStore(config.collector / "devices.db")) as devices:
        for name, paired_ms in (("old", 0), ("paired again", 500)):
            devices.pair(f"ble:{name}", profile="and/ua-651ble", name=name, at_ms=paired_ms)
            with closing(UpkeepStore(config.health_db)) as store:
                store.note_heard(Heard(device=f"ble:{name}", at_ms=9, rssi=-70))
                store.note_attempt(
                    Attempt(device=f"ble:{name}", at_ms=100, ended="key_missing", rssi=-70)
                )
    assert [meter.name for meter in meters(config) if meter.stale] == ["old"]
    assert [facts.rssi for facts in device_facts(config)] == [-70, -70]
