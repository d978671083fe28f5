"""The hub's own collector on the virtual radio and virtual clock, as its own process.

python -m tests.virtual.collect --hub STATE_DIR --radio HOST:PORT --clock FILE
    [--passkey 314159] [--pair 2] [--hold-off 1.0] [--journal FILE]

First pairs devices until `--pair` of them are known, as a technician would with `vitals-hub pair`;
then collects until SIGTERM. `--journal` keeps plain observations in a file instead of a hub's
sealed buffer: for tests of the radio alone.
"""

import asyncio
import json
import logging
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from cloud_sync.contract.observation import Observation, encode
from gateway.buffer.devices import DeviceStore
from gateway.collector import collect, store_of, tending, until_stopped
from gateway.links.ble import Backend, Radio
from gateway.profiles import Profile
from gateway.provisioning.pairing import NothingFoundError, pair_device
from gateway.sessions.link import LinkError, Sighting
from tests.virtual.backend import Adapter
from tests.virtual.clock import PlayClock

_log = logging.getLogger("tests.virtual.collect")
TEST_HUB = "0" * 31 + "1"


class Buffer(NamedTuple):
    """Where observations go."""

    keep: Callable[[Observation], int]
    settle: Callable[[], int]
    devices: DeviceStore
    hub: str
    bonds: Path


@contextmanager
def sealed_buffer(state: Path, clock: PlayClock) -> Iterator[Buffer]:
    """The buffer of an enrolled hub, as the real collector opens it."""
    from gateway.buffer.custody import open_custody
    from gateway.config import load

    config = load(state)
    with closing(open_custody(config)) as custody, closing(store_of(config.collector)) as devices:
        tend = tending(custody, devices, clock)
        yield Buffer(custody.keep, tend, devices, custody.hub, config.collector / "bonds.json")


@contextmanager
def journal_buffer(state: Path, journal: Path) -> Iterator[Buffer]:
    """Plain observations, one a line: no hub, no sealing."""
    with journal.open("ab", buffering=0) as file, closing(store_of(state / "collector")) as devices:

        def keep(observation: Observation) -> int:
            return file.write(encode(observation) + b"\n")

        yield Buffer(keep, lambda: 0, devices, TEST_HUB, state / "collector" / "bonds.json")


async def pair_until(count: int, radio: Radio, devices: DeviceStore, clock: PlayClock) -> None:
    """Pair whatever supported device asks for it, until so many are known."""
    while len(known := {device.id for device in devices.all()}) < count:

        def unknown(sighting: Sighting, _profile: Profile, known: set[str] = known) -> bool:
            return sighting.device not in known

        try:
            paired = await pair_device(radio, devices, clock, wanted=unknown)
        except (LinkError, NothingFoundError) as error:
            _log.warning("pairing: %s", error)
            await asyncio.sleep(0.5)
        else:
            _say({"paired": paired.device, "profile": paired.profile.id, "name": paired.name})


async def run(options: Namespace, buffer: Buffer, clock: PlayClock) -> None:
    async def passkey() -> int:
        return int(options.passkey)

    adapter = await Adapter.open(options.radio, bonds=buffer.bonds, passkey=passkey)
    try:
        radio = Radio(Backend(adapter.scanner, adapter.client))
        await pair_until(options.pair, radio, buffer.devices, clock)
        _say({"collecting": [device.id for device in buffer.devices.all()]})
        await collect(
            radio=radio,
            custody_keep=buffer.keep,
            settle=buffer.settle,
            devices=buffer.devices,
            clock=clock,
            hub=buffer.hub,
            software="virtual",
            hold_off_s=options.hold_off,
            settle_every_s=options.settle_every,
        )
    finally:
        await adapter.close()


def main(argv: list[str]) -> None:
    parser = ArgumentParser(prog="tests.virtual.collect", description=__doc__)
    parser.add_argument("--hub", type=Path, required=True, help="the hub's state directory")
    parser.add_argument("--radio", required=True, help="HOST:PORT of tests.virtual.radio")
    parser.add_argument("--clock", type=Path, required=True, help="the radio's clock.json")
    parser.add_argument("--passkey", default="314159", help="what the meter's display shows")
    parser.add_argument("--pair", type=int, default=2, help="devices to know before collecting")
    parser.add_argument("--hold-off", type=float, default=0.2)
    parser.add_argument("--settle-every", type=float, default=1.0)
    parser.add_argument("--journal", type=Path)
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("bumble").setLevel(logging.ERROR)
    clock = PlayClock(options.clock)
    opened = (
        journal_buffer(options.hub, options.journal)
        if options.journal
        else sealed_buffer(options.hub, clock)
    )
    with opened as buffer:
        asyncio.run(until_stopped(run(options, buffer, clock)))


def _say(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
