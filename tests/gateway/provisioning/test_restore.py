"""What a restore decides: which bonds, which rows, or in one sentence why not."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.provisioning.archive import Bond, Contents, Refused, SavedDevice
from gateway.provisioning.restore import Plan, plan
from tests.support.bluez_tree import ADAPTER, info, place

CLINIC = "c1" * 16
CUFF, METER = "ble:c0ffee000651", "ble:c0ffee001808"
CUFF_AT, METER_AT = "C0:FF:EE:00:06:51", "C0:FF:EE:00:18:08"
ELSEWHERE = "C0:FF:EE:00:00:02"
DEVICES = (
    SavedDevice(id=CUFF, profile="and/ua-651ble", name="cuff", paired_ms=100, last_kept=None),
    SavedDevice(id=METER, profile="accu-chek/guide", name="meter", paired_ms=200, last_kept=41),
    SavedDevice(id="serial:77", profile="accu-chek/guide", name="cable", paired_ms=300),
)
BONDS = (
    Bond(device=CUFF_AT, info=info(key=b"\x01" * 16)),
    Bond(device=METER_AT, info=info(key=b"\x02" * 16, group="LongTermKey", ediv=7, rand=9)),
)
CONTENTS = Contents(
    taken_ms=1,
    software="test",
    hub="ab" * 16,
    clinic=CLINIC,
    adapter=ADAPTER,
    devices=DEVICES,
    bonds=BONDS,
)


def planned(storage: Path, **changes: Any) -> Plan | Refused:
    options: dict[str, Any] = {
        "contents": CONTENTS,
        "here": {},
        "clinic": CLINIC,
        "storage": storage,
        "adapter": ADAPTER,
        "overwrite": False,
    }
    return plan(**(options | changes))


def fates(found: Plan | Refused) -> dict[str, str]:
    assert isinstance(found, Plan), found
    return {one.name: one.bond for one in found.outcomes}


def test_on_the_same_adapter_everything_comes_back(tmp_path: Path) -> None:
    found = planned(tmp_path)
    assert fates(found) == {"cuff": "restored", "meter": "restored", "cable": "pair_again"}
    assert isinstance(found, Plan)
    assert found.bonds == BONDS
    assert found.devices == (CUFF, METER, "serial:77")


def test_on_another_adapter_only_what_may_work_is_written(tmp_path: Path) -> None:
    found = planned(tmp_path, adapter=ELSEWHERE)
    assert fates(found) == {"cuff": "pair_again", "meter": "try", "cable": "pair_again"}
    assert isinstance(found, Plan)
    assert (found.adapter, found.bonds) == (ELSEWHERE, BONDS[1:])
    assert CUFF in found.devices  # so that status goes on asking for it


def test_a_hub_of_another_clinic_takes_nothing(tmp_path: Path) -> None:
    found = planned(tmp_path, clinic="c2" * 16)
    assert isinstance(found, Refused)
    assert "another clinic" in found.error


def test_a_meter_of_a_later_release_is_not_put_into_an_earlier_ones_list(tmp_path: Path) -> None:
    """The collector ends where a profile is missing: it was there when pairing."""
    strange = msgspec.structs.replace(DEVICES[0], profile="maker/of-tomorrow")
    later = msgspec.structs.replace(CONTENTS, devices=(strange,), software="9.9")
    found = planned(tmp_path, contents=later)
    assert isinstance(found, Refused)
    assert "cuff" in found.error
    assert "release 9.9" in found.error


def test_a_second_time_nothing_is_left_to_do(tmp_path: Path) -> None:
    for bond in BONDS:
        place(tmp_path, bond.device, bond.info)
    found = planned(tmp_path, here={device.id: device.paired_ms for device in DEVICES})
    assert isinstance(found, Plan)
    assert found.devices == ()  # what has been read since stands


@pytest.mark.parametrize("by", ["row", "bond"])
def test_a_newer_bond_is_given_up_only_when_asked(tmp_path: Path, by: str) -> None:
    here = {CUFF: 101} if by == "row" else {}
    if by == "bond":
        place(tmp_path, CUFF_AT, info(key=b"\x77" * 16))
    found = planned(tmp_path, here=here)
    assert isinstance(found, Refused)
    assert found.error.startswith("cuff: ")
    assert "--overwrite" in found.error
    found = planned(tmp_path, here=here, overwrite=True)
    assert isinstance(found, Plan)
    assert CUFF in found.devices


def test_an_older_row_gives_way(tmp_path: Path) -> None:
    found = planned(tmp_path, here={CUFF: 99})
    assert isinstance(found, Plan)
    assert CUFF in found.devices


def test_what_was_paired_again_on_another_adapter_stays(tmp_path: Path) -> None:
    found = planned(tmp_path, adapter=ELSEWHERE, here={CUFF: 101})
    assert fates(found)["cuff"] == "kept"
    assert isinstance(found, Plan)
    assert CUFF not in found.devices
