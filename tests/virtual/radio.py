"""The virtual radio as its own process: two devices and, over TCP, the hub's Bluetooth adapter.

python -m tests.virtual.radio --port 0 --state DIR [--control-port 0] [--zone Europe/Berlin]
    [--seed 1] [--passkey 314159] [--pairing] [--every SECONDS] [--days N]
"""

import asyncio
import json
import signal
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from bumble.link import LocalLink

from tests.virtual.adapter import AdapterServer
from tests.virtual.clock import PlayClock
from tests.virtual.control import ControlServer
from tests.virtual.cuff import Cuff
from tests.virtual.home import Home
from tests.virtual.meter import Meter


async def open_home(
    state: Path, *, zone: str = "UTC", seed: int = 1, passkey: int = 314159
) -> Home:
    """Two powered devices on one link, with what they remember in `state`."""
    clock = PlayClock.create(state / "clock.json", zone=zone)
    link = LocalLink()  # type: ignore[no-untyped-call]
    cuff = Cuff(link=link, clock=clock, state=state, seed=seed)
    meter = Meter(link=link, clock=clock, state=state, seed=seed, passkey=passkey)
    home = Home(link=link, clock=clock, cuff=cuff, meter=meter)
    await home.power_on()
    return home


async def serve(options: Namespace) -> None:
    home = await open_home(
        options.state, zone=options.zone, seed=options.seed, passkey=options.passkey
    )
    adapter = await AdapterServer.open(home.link, port=options.port)
    control = await ControlServer.open(home, port=options.control_port)
    print(
        json.dumps(
            {
                "radio": f"127.0.0.1:{adapter.port}",
                "control": f"127.0.0.1:{control.port}",
                "clock": str(options.state / "clock.json"),
                "passkey": f"{options.passkey:06d}",
                "cuff": {"name": home.cuff.name, "address": home.cuff.address},
                "meter": {"name": home.meter.name, "address": home.meter.address},
            }
        ),
        flush=True,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if options.pairing:
        for device in home.devices.values():
            await device.set_pairing_mode(True)
    if options.days:
        home.play(options.days)
    if options.every:
        home.schedule(options.every)
    await stop.wait()
    await control.close()
    await adapter.close()
    await home.power_off()


def arguments(argv: list[str]) -> Namespace:
    parser = ArgumentParser(prog="tests.virtual.radio", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="HCI over TCP; 0 picks one")
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--zone", default="UTC", help="time zone of the home")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--passkey", type=int, default=314159)
    parser.add_argument("--pairing", action="store_true", help="start in pairing mode")
    parser.add_argument("--every", type=float, default=0.0, help="a measurement each so many s")
    parser.add_argument("--days", type=int, default=0, help="play so many days, ending now")
    return parser.parse_args(argv)


if __name__ == "__main__":
    asyncio.run(serve(arguments(sys.argv[1:])))
