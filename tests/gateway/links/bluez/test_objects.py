"""Paths and properties as BlueZ's doc/org.bluez.Device.rst and GattCharacteristic.rst have them."""

from gateway.links.bluez.objects import ADAPTER, CHARACTERISTIC, DEVICE, Known, Objects

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


def test_only_the_health_characteristics_of_the_sig_are_stood_for() -> None:
    found = objects()
    battery, private = f"{CUFF}/service0010/char0098", f"{CUFF}/service0010/char0099"
    found.add(battery, {CHARACTERISTIC: {"UUID": "00002a19-0000-1000-8000-00805f9b34fb"}})
    found.add(private, {CHARACTERISTIC: {"UUID": "00002a35-0000-1000-8000-00805f9b34fc"}})
    assert found.health() == [PRESSURE]
    assert found.channels_of(CUFF) == {"2A35": PRESSURE, "2A19": battery}
    assert found.channels_of("/org/bluez/hci0/dev_C0") == {}


def test_a_link_that_comes_and_goes_is_noted() -> None:
    found = objects()
    found.change(CUFF, {"Connected": True, "Name": "BM54"})
    known = found.devices[CUFF]
    assert (known.connected, known.resolved, known.name) == (True, False, "BM54")
    found.change(CUFF, {"ServicesResolved": True})
    assert found.devices[CUFF].resolved
    found.add("/org/bluez/hci0", {ADAPTER: {}})
    assert found.adapters == {"/org/bluez/hci0"}
    found.remove("/org/bluez/hci0", [ADAPTER])
    assert found.adapters == set()


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
