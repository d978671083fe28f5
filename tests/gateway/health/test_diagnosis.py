"""Each cause has its sentence, and a cause that explains others stands for them."""

import msgspec
import pytest

from gateway.health.diagnosis import DeviceFacts, Facts, diagnose

DAY_MS = 86_400_000
NOW_MS = 1_795_000_000_000
CUFF = DeviceFacts(name="cuff", id="ble:1", paired_ms=0, heard_ms=NOW_MS - 3_600_000, rssi=-60)
WELL = Facts(
    now_ms=NOW_MS,
    bus=True,
    bluetoothd=True,
    bluez="5.66",
    adapter="on",
    devices=(CUFF,),
    collector_reported_ms=NOW_MS - 60_000,
    connected=True,
    link_trouble="",
    link_reason="",
    certificate_until_ms=NOW_MS + 60 * DAY_MS,
    days_of_room=3000,
    ballast_present=True,
    clock_synchronised=True,
)


def cuff(**changes: object) -> dict[str, object]:
    return {"devices": (msgspec.structs.replace(CUFF, **changes),)}


def test_nothing_is_found_where_all_is_well() -> None:
    assert diagnose(WELL) == ()
    unknown = msgspec.structs.replace(
        WELL, bluez=None, certificate_until_ms=None, clock_synchronised=None
    )
    assert diagnose(unknown) == ()


@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"bus": False, "bluetoothd": False, "adapter": "none"}, "no_bus", "message bus"),
        ({"bluetoothd": False, "adapter": "none"}, "no_bluetoothd", "service does not run"),
        ({"adapter": "unanswered"}, "bluetoothd_silent", "runs but does not answer"),
        ({"bluez": "5.67"}, "version_refused", "5.67 must not be used: cuffs stall"),
        ({"bluez": "5.69"}, "version_refused", "5.69"),
        ({"bluez": "5.87"}, "version_refused", "crashes"),
        ({"adapter": "none"}, "no_adapter", "no Bluetooth adapter"),
        ({"adapter": "off"}, "adapter_off", "switched off"),
        ({"adapter": "blocked"}, "adapter_blocked", "blocked"),
        ({"collector_reported_ms": None}, "collector_silent", "does not run"),
        ({"collector_reported_ms": NOW_MS - DAY_MS}, "collector_silent", "does not run"),
        (cuff(heard_ms=None), "never_heard", "not been heard since"),
        (cuff(heard_ms=NOW_MS - 3 * DAY_MS), "not_heard", "3 days: it is not used"),
        (cuff(heard_ms=NOW_MS - 3 * DAY_MS, rssi=-95), "out_of_range", "too far away"),
        (cuff(state="bonded", paired_ms=NOW_MS - DAY_MS), "unproven", "no reading of it has come"),
        (cuff(bond="likely"), "stale_bond", "seems to have forgotten"),
        (cuff(bond="certain"), "stale_bond", "has forgotten"),
        (
            {"connected": False, "link_reason": "no answer from clinic:8883"},
            "clinic_unreachable",
            "cannot be reached (no answer from clinic:8883)",
        ),
        ({"link_trouble": "another hub", "connected": False}, "clinic_refuses", "another hub."),
        (
            {"certificate_until_ms": NOW_MS - 1, "connected": False},
            "certificate_expired",
            "has expired",
        ),
        ({"certificate_until_ms": NOW_MS + 5 * DAY_MS}, "certificate_expires", "in 5 days"),
        ({"days_of_room": 12}, "disk_low", "12 days"),
        ({"ballast_present": False}, "disk_low", "storage"),
        ({"clock_synchronised": False}, "clock_unsynchronised", "not set by network time"),
    ],
)
def test_each_cause_has_one_sentence(changes: dict[str, object], code: str, says: str) -> None:
    findings = diagnose(msgspec.structs.replace(WELL, **changes))
    assert [finding.code for finding in findings] == [code]
    assert says in findings[0].sentence
    assert findings[0].sentence.endswith(".")
    assert findings[0].remedy
    assert (findings[0].device == "cuff") == ("devices" in changes)


@pytest.mark.parametrize("version", ["5.66", "5.82", "5.83", "5.88"])
def test_other_versions_are_taken(version: str) -> None:
    assert diagnose(msgspec.structs.replace(WELL, bluez=version)) == ()


def test_a_stale_bond_asks_for_a_person_and_never_for_a_deletion() -> None:
    (found,) = diagnose(msgspec.structs.replace(WELL, **cuff(bond="certain")))
    assert "vitals-hub re-pair ble:1" in found.remedy
    assert "Bluetooth button" in found.remedy


def test_what_needs_nobody_is_said_and_blocks_nothing() -> None:
    (found,) = diagnose(msgspec.structs.replace(WELL, background="NotSupported"))
    assert (found.code, found.blocks) == ("no_background", False)
    assert "NotSupported" in found.sentence
    assert "Nothing to do" in found.remedy


def test_without_a_radio_the_devices_are_not_blamed() -> None:
    facts = msgspec.structs.replace(WELL, adapter="off", **cuff(heard_ms=None))
    assert [finding.code for finding in diagnose(facts)] == ["adapter_off"]
