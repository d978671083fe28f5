"""In the guest: visits of one bonded cuff by plain bleak, or with a standing subscription.

    early.py plain|standing ADDRESS VISITS

Prints how many indications each visit heard. "plain" subscribes as soon as bleak lets it; the
"standing" one holds StartNotify on a D-Bus connection of its own from before the visit.
"""

import asyncio
import json
import sys

from bleak import BleakClient, BleakScanner
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus

CHARACTERISTIC = "org.bluez.GattCharacteristic1"
MEASUREMENT = "00002a35-0000-1000-8000-00805f9b34fb"
MATCH = (
    "type='signal',sender='org.bluez',path_namespace='/org/bluez',"
    "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'"
)
STAY_SECONDS = 6.0


async def call(bus: MessageBus, message: Message) -> Message:
    answer = await bus.call(message)
    assert answer is not None
    assert answer.message_type is not MessageType.ERROR, answer.error_name
    return answer


async def stand(bus: MessageBus, heard: list[bytes]) -> None:
    """StartNotify for as long as the bus lives, on the disconnected device."""
    tree = "org.freedesktop.DBus.ObjectManager"
    asking = Message(destination="org.bluez", path="/", interface=tree, member="GetManagedObjects")
    objects = await call(bus, asking)
    paths = [
        path
        for path, interfaces in objects.body[0].items()
        if CHARACTERISTIC in interfaces and interfaces[CHARACTERISTIC]["UUID"].value == MEASUREMENT
    ]
    assert paths, "the daemon does not know the cuff's characteristic"

    def on(message: Message) -> None:
        if message.member == "PropertiesChanged" and message.path in paths:
            value = message.body[1].get("Value")
            if message.body[0] == CHARACTERISTIC and value is not None:
                heard.append(bytes(value.value))

    bus.add_message_handler(on)
    name, path = "org.freedesktop.DBus", "/org/freedesktop/DBus"
    matching = Message(
        destination=name,
        path=path,
        interface=name,
        member="AddMatch",
        signature="s",
        body=[MATCH],
    )
    await call(bus, matching)
    for one in paths:
        starting = Message(
            destination="org.bluez", path=one, interface=CHARACTERISTIC, member="StartNotify"
        )
        await call(bus, starting)


async def visit(address: str, heard: list[bytes], *, subscribe: bool) -> None:
    # Any filter of one's own shows bonded devices that are not discoverable (BlueZ 5.82)
    device = await BleakScanner.find_device_by_address(
        address, timeout=60, bluez={"filters": {"RSSI": -127}}
    )
    assert device is not None, "the cuff is not heard"
    async with BleakClient(device, timeout=40) as client:
        if subscribe:
            await client.start_notify(MEASUREMENT, lambda _, value: heard.append(bytes(value)))
        await asyncio.sleep(STAY_SECONDS)


async def main(way: str, address: str, visits: int) -> None:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    heard: list[bytes] = []
    if way == "standing":
        await stand(bus, heard)
    print("ready", flush=True)
    for _ in range(visits):
        await visit(address, heard, subscribe=way == "plain")
        print(json.dumps([value.hex() for value in heard]), flush=True)
        heard.clear()
    bus.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
