"""In the guest, the control: bleak alone, as its documentation shows it.

`plain.py CONNECTIONS ADDRESS...`: connects to whichever of these advertises, subscribes, listens
for half a second, disconnects; prints every value it heard, as JSON.
"""

import asyncio
import json
import sys

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZScannerArgs
from bleak.exc import BleakError

BLOOD_PRESSURE = "00002a35-0000-1000-8000-00805f9b34fb"
# Without a filter BlueZ 5.82 hides bonded cuffs from plain bleak, which then hears even less
SHOW_ALL: BlueZScannerArgs = {"filters": {"RSSI": -127}}


async def connection(addresses: set[str], heard: list[str]) -> None:
    device = None
    while device is None:
        device = await BleakScanner.find_device_by_filter(
            lambda found, _: found.address in addresses, timeout=30, bluez=SHOW_ALL
        )
    async with BleakClient(device, timeout=60) as client:
        await client.start_notify(BLOOD_PRESSURE, lambda _, value: heard.append(value.hex()))
        await asyncio.sleep(0.5)


async def main(wanted: int, addresses: set[str]) -> None:
    heard: list[str] = []
    done = 0
    while done < wanted:
        try:
            await connection(addresses, heard)
            done += 1
        except (BleakError, TimeoutError) as error:
            print(f"again: {error}", file=sys.stderr)
    print(json.dumps(heard))


asyncio.run(main(int(sys.argv[1]), set(sys.argv[2:])))
