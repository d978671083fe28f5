"""Paths and properties as BlueZ's doc/org.bluez.Device.rst and GattCharacteristic.rst have them."""

from gateway.links.bluez.objects import CHARACTERISTIC, DEVICE, Known, Objects

CUFF = "/org/bluez/hci0/dev_C0_FF_EE_00_00_54"
PRESSURE = f"{CUFF}/service0010/char0011"


def objects() -> Objects:
    found = Objects()
    found.add(CUFF, {DEVICE: {"Address": "C0:FF:EE:00:00:54", "Paired": True}})
    found.add(PRESSURE, {CHARACTERISTIC: {"UUID": "00002a35-0000-1000-8000-00805f9b34fb"}})
    return found


def test_a_characteristic_lies_under_its_device() -> None:
    found = objects()
    assert found.characteristics == {PRESSURE: "2A35"}
    assert found.device_at(PRESSURE) == Known("ble:c0ffee000054", bonded=True)
    assert found.path_of("ble:c0ffee000054") == CUFF
    assert found.is_bonded(CUFF)
    assert found.path_of("ble:000000000000") is None
    assert not found.is_bonded("/org/bluez/hci0/dev_00")


def test_only_the_health_characteristics_of_the_sig_count() -> None:
    found = objects()
    for uuid in ("00002a19-0000-1000-8000-00805f9b34fb", "00002a35-0000-1000-8000-00805f9b34fc"):
        found.add(f"{CUFF}/service0010/char0099", {CHARACTERISTIC: {"UUID": uuid}})
    assert set(found.characteristics) == {PRESSURE}


def test_a_private_address_gives_way_to_the_real_one_after_pairing() -> None:
    found = objects()
    found.change(CUFF, {"Address": "C0:FF:EE:00:00:55", "Paired": False})
    assert found.devices == {CUFF: Known("ble:c0ffee000055", bonded=False)}
    found.change("/org/bluez/hci0/dev_00", {"Paired": True})
    assert len(found.devices) == 1


def test_what_bluez_removes_is_gone() -> None:
    found = objects()
    found.remove(PRESSURE, [CHARACTERISTIC])
    found.remove(CUFF, [DEVICE])
    assert (found.devices, found.characteristics) == ({}, {})
    again = objects()
    again.clear()
    assert (again.devices, again.characteristics) == ({}, {})
