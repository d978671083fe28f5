"""Signals as BlueZ sends them (doc/org.bluez.Device.rst), without a bus."""

from dbus_fast import Message, Variant

from gateway.links.bluez.objects import CHARACTERISTIC, DEVICE, Objects
from gateway.links.bluez.signals import Signals
from gateway.links.bluez.standing import Standing
from gateway.links.bluez.visitors import Visitors
from gateway.sessions.link import Ears

CUFF = "/org/bluez/hci0/dev_C0_FF_EE_00_00_54"
PRESSURE = f"{CUFF}/service0010/char0011"


class House:
    """Everything that signals reach."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.objects = Objects()
        self.standing = Standing(self.objects)
        self.visitors = Visitors(self.objects)
        self.signals = Signals(
            self.objects,
            self.standing,
            self.visitors,
            due=lambda: self.told.append("due"),
            lost=lambda: self.told.append("lost"),
        )
        self.signals.ears = Ears(stray=self.stray, key_missing=self.told.append)
        self.standing.stray = self.stray
        self.standing.watch(frozenset({"ble:c0ffee000054"}))
        self.add(CUFF, {DEVICE: {"Address": "C0:FF:EE:00:00:54", "Paired": True}})
        self.add(PRESSURE, {CHARACTERISTIC: {"UUID": "00002a35-0000-1000-8000-00805f9b34fb"}})
        self.told.clear()

    def stray(self, _device: str, _channel: str, value: bytes) -> None:
        if value == b"full":
            raise OSError(28, "disk full")
        self.told.append(value.decode())

    def add(self, path: str, interfaces: dict[str, dict[str, object]]) -> None:
        manager = "org.freedesktop.DBus.ObjectManager"
        self.say("/", manager, "InterfacesAdded", "oa{sa{sv}}", path, interfaces)

    def say(self, path: str, interface: str, member: str, types: str, *body: object) -> None:
        plain = Message.new_signal(path, interface, member)
        plain.signature, plain.body = types, list(body)
        self.signals.on_message(plain)

    def change(self, path: str, interface: str, **values: Variant) -> None:
        properties = "org.freedesktop.DBus.Properties"
        self.say(path, properties, "PropertiesChanged", "sa{sv}as", interface, values, [])


def test_a_daemon_that_goes_is_a_loss_and_one_that_comes_is_work() -> None:
    house = House()
    bus = "org.freedesktop.DBus"
    house.say("/", bus, "NameOwnerChanged", "sss", "org.bluez", ":1.1", "")
    assert house.told == ["lost", "due"]
    house.say("/", bus, "NameOwnerChanged", "sss", "org.bluez", "", ":1.2")
    house.say("/", bus, "NameOwnerChanged", "sss", "org.other", ":1.3", "")
    assert house.told == ["lost", "due", "due"]


def test_values_go_out_and_a_fault_of_whoever_keeps_them_is_held() -> None:
    house = House()
    house.change(PRESSURE, CHARACTERISTIC, Value=Variant("ay", b"fine"))
    assert (house.told, house.signals.fault) == (["fine"], None)
    house.change(PRESSURE, CHARACTERISTIC, Value=Variant("ay", b"full"))
    assert isinstance(house.signals.fault, OSError)
    assert house.told == ["fine", "due"]


def test_the_end_of_a_link_speaks_of_the_bond_only_for_a_missing_key() -> None:
    house = House()
    for reason in ("Timeout", "Authentication", "Remote"):
        named = f"org.bluez.Reason.{reason}"
        house.say(CUFF, DEVICE, "Disconnected", "ss", named, "in words")
    assert house.told == ["ble:c0ffee000054"]
    house.change(CUFF, DEVICE, Paired=Variant("b", False))
    house.say(CUFF, DEVICE, "Disconnected", "ss", "org.bluez.Reason.Authentication", "")
    assert house.told == ["ble:c0ffee000054", "due"]


def test_a_device_that_bluez_removes_is_no_visitor_any_longer() -> None:
    house = House()
    house.change(CUFF, DEVICE, Connected=Variant("b", True))
    assert house.visitors.waiting() == [(CUFF, 1)]
    manager = "org.freedesktop.DBus.ObjectManager"
    house.say("/", manager, "InterfacesRemoved", "oas", CUFF, [DEVICE])
    assert house.visitors.waiting() == []
