"""Nothing piles up over many connections: here, and at the message bus as the bus itself counts.

Real bleak and our own BlueZ code on a scripted bluetoothd. VITALS_CONNECTIONS sets how many
(`make test` makes 60); the figures are printed with `-s`.
"""

import asyncio
import os
from pathlib import Path
from typing import NamedTuple

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from gateway.sessions.link import Sighting
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import Stand, sight, stand, until
from tests.support.holdings import Holdings, holdings

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
CONNECTIONS = int(os.environ.get("VITALS_CONNECTIONS", "60"))
CRASHES = max(CONNECTIONS // 50, 12)
WARM_UP = max(CONNECTIONS // 10, 20)
SHOWN_EVERY = 1000
BLOCKS_EACH, BLOCKS_NOISE = 0.1, 2000  # a leak costs one block at least, each time
RSS_KB_NOISE = 4096
_BUS, _PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"


class AtTheBus(NamedTuple):
    """What dbus-daemon counts of all its clients."""

    connections: int
    match_rules: int
    names: int


async def at_the_bus(address: str) -> AtTheBus:
    """dbus-daemon's own statistics, asked over a connection that is counted too."""
    bus = await MessageBus(bus_address=address).connect()
    asked = Message(_BUS, _PATH, f"{_BUS}.Debug.Stats", "GetStats")
    reply = await bus.call(asked)
    bus.disconnect()
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    assert reply is not None
    assert reply.message_type is MessageType.METHOD_RETURN, reply.body
    told = {name: value.value for name, value in reply.body[0].items()}
    return AtTheBus(told["ActiveConnections"], told["MatchRules"], told["BusNames"])


async def visit(
    it: Stand, cuff: FakeDevice, sighting: Sighting, early: tuple[bytes, ...] = (b"early",)
) -> None:
    """A cuff comes, speaks before it is asked, is talked to, and goes."""
    it.strays.clear()
    cuff.early = list(early)
    heard: list[bytes] = []
    async with it.radio.connect(sighting) as link:
        await link.subscribe("2A35", lambda _channel, value: heard.append(value))
        it.daemon.indicate(cuff, b"asked")
        await until(lambda: heard == [b"asked"])
    assert it.strays == [(cuff.id, "2A35", value) for value in early]


async def use(it: Stand) -> tuple[Holdings, AtTheBus]:
    return holdings(), await at_the_bus(it.daemon.address)


def test_many_connections_leave_nothing_at_us_and_nothing_at_the_bus(tmp_path: Path) -> None:
    async def story() -> list[tuple[Holdings, AtTheBus]]:
        cuff = FakeDevice(bonded=True, discovered=True)
        seen: list[tuple[Holdings, AtTheBus]] = []
        async with stand(tmp_path, cuff) as it:
            await until(lambda: bool(it.daemon.notifying))
            sighting = await sight(it, cuff)
            listening = asyncio.create_task(it.radio.listen(lambda _: None))
            for number in range(CONNECTIONS):
                if number == WARM_UP or (number and number % SHOWN_EVERY == 0):
                    seen.append(await use(it))
                    print(number, *seen[-1])
                await visit(it, cuff, sighting)
            seen.append(await use(it))
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        return seen

    (before, bus_before), *_, (after, bus_after) = asyncio.run(story())
    counted = CONNECTIONS - WARM_UP
    print(f"{counted} connections: {before} {bus_before} -> {after} {bus_after}")
    assert bus_after == bus_before
    assert after.descriptors == before.descriptors
    assert after.tasks <= before.tasks + 1
    assert after.blocks - before.blocks <= BLOCKS_NOISE + BLOCKS_EACH * counted
    assert after.rss_kb - before.rss_kb <= RSS_KB_NOISE


def test_a_daemon_that_dies_again_and_again_leaves_nothing(tmp_path: Path) -> None:
    """Each time everything is made anew: agent, subscriptions, links."""

    async def story() -> tuple[tuple[Holdings, AtTheBus], tuple[Holdings, AtTheBus]]:
        cuff = FakeDevice(bonded=True, discovered=True)
        async with stand(tmp_path, cuff) as it:
            for number in range(CRASHES):
                if number == CRASHES // 2:
                    before = await use(it)
                await it.daemon.crash()
                await it.daemon.start()
                await until(it.bluez._ready.is_set)
                await visit(it, cuff, await sight(it, cuff), early=())  # the first is unprotected
                await until(lambda: not it.bluez._due.is_set())
            return before, await use(it)

    (before, bus_before), (after, bus_after) = asyncio.run(story())
    print(f"{CRASHES - CRASHES // 2} crashes: {before} {bus_before} -> {after} {bus_after}")
    assert bus_after == bus_before
    assert after.descriptors == before.descriptors
    assert after.tasks <= before.tasks + 1
    assert after.blocks - before.blocks <= BLOCKS_NOISE
