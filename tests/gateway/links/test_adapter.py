"""Against a scripted org.bluez on a private message bus of the real dbus-daemon."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from gateway.links import adapter
from gateway.sessions.link import LinkError

CONFIG = """<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""
pytestmark = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="dbus-daemon is not installed"
)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    config = tmp_path / "bus.conf"
    config.write_text(CONFIG.format(socket=tmp_path / "bus"))
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        address = daemon.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        yield address
        daemon.kill()


class Bluez:
    """Adapters by path with their power; what was asked of it, in order."""

    def __init__(self) -> None:
        self.adapters: dict[str, bool] = {"/org/bluez/hci0": True}
        self.asked: list[Any] = []
        self.discovering = False
        self.deaf = False

    def answer(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or not message.destination:
            return None
        match message.member:
            case "GetManagedObjects":
                objects = {
                    path: {"org.bluez.Adapter1": {"Powered": Variant("b", on)}}
                    for path, on in self.adapters.items()
                }
                return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects])
            case "Get" if self.deaf:
                return True  # handled, and never answered
            case "Get":
                on = self.adapters[str(message.path)]
                return Message.new_method_return(message, "v", [Variant("b", on)])
            case "Set":
                self.adapters[str(message.path)] = message.body[2].value
                self.asked.append(message.body[2].value)
                return Message.new_method_return(message)
            case "StopDiscovery":
                self.asked.append("StopDiscovery")
                if not self.discovering:
                    raise DBusError("org.bluez.Error.Failed", "No discovery started")
                self.discovering = False
                return Message.new_method_return(message)
        return None


@asynccontextmanager
async def bluetoothd(bluez: Bluez, address: str) -> AsyncIterator[None]:
    connection = await MessageBus(bus_address=address).connect()
    connection.add_message_handler(bluez.answer)
    await connection.request_name("org.bluez")
    try:
        yield
    finally:
        connection.disconnect()


def with_bluez(address: str, bluez: Bluez, story: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        async with bluetoothd(bluez, address):
            await story()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("adapters", "state"),
    [({"/org/bluez/hci0": True}, "on"), ({"/org/bluez/hci0": False}, "off"), ({}, "none")],
)
def test_how_the_adapter_is(
    bus: str, tmp_path: Path, adapters: dict[str, bool], state: adapter.State
) -> None:
    bluez = Bluez()
    bluez.adapters = adapters

    async def story() -> None:
        found = await adapter.look(rfkill=tmp_path)
        assert found == adapter.Adapter(bus=True, bluetoothd=True, adapter=state)

    with_bluez(bus, bluez, story)
    assert bluez.asked == []


def test_a_bluetoothd_that_hangs_is_told_from_a_bus_that_does_not_answer(
    bus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "LIMIT_S", 0.2)
    bluez = Bluez()
    bluez.deaf = True

    async def story() -> None:
        found = await adapter.look(rfkill=tmp_path)
        assert found == adapter.Adapter(bus=True, bluetoothd=True, adapter="unanswered")

    with_bluez(bus, bluez, story)


def test_without_bluetoothd_or_without_a_bus(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bus
    assert asyncio.run(adapter.look()) == adapter.Adapter(bus=True, bluetoothd=False)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    assert asyncio.run(adapter.look()) == adapter.Adapter(bus=False, bluetoothd=False)


@pytest.mark.parametrize(("soft", "hard"), [("1", "0"), ("0", "1")])
def test_a_blocked_radio_is_told_from_one_that_is_off(
    bus: str, tmp_path: Path, soft: str, hard: str
) -> None:
    for number, (kind, values) in enumerate([("wlan", ("1", "1")), ("bluetooth", (soft, hard))]):
        switch = tmp_path / f"rfkill{number}"
        switch.mkdir()
        for name, value in zip(("type", "soft", "hard"), (kind, *values), strict=True):
            (switch / name).write_text(value + "\n")
    bluez = Bluez()
    bluez.adapters = {"/org/bluez/hci0": False}

    async def story() -> None:
        assert (await adapter.look(rfkill=tmp_path)).adapter == "blocked"

    with_bluez(bus, bluez, story)


def test_a_power_cycle_is_off_then_on(bus: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_DARK_S", 0.0)
    bluez = Bluez()

    async def story() -> None:
        assert await adapter.power_cycle("silence") == "done"

    with_bluez(bus, bluez, story)
    assert bluez.asked == [False, True]


def test_where_the_state_cannot_be_read_it_is_only_switched_on(
    bus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "LIMIT_S", 0.3)
    bluez = Bluez()
    bluez.deaf = True

    async def story() -> None:
        assert await adapter.power_cycle("silence") == "done"

    with_bluez(bus, bluez, story)
    assert bluez.asked == [True]


def test_discovery_is_stopped_on_the_connection_that_asked_for_it(bus: str) -> None:
    bluez = Bluez()
    bluez.discovering = True

    async def story() -> None:
        assert await adapter.stop_discovery("InProgress") == "done"
        assert await adapter.stop_discovery("InProgress") == "refused: Failed"

    with_bluez(bus, bluez, story)
    assert bluez.asked == ["StopDiscovery"] * 2


def test_without_a_bus_a_measure_fails_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere")
    with pytest.raises(LinkError, match="message bus cannot be reached"):
        asyncio.run(adapter.power_cycle("silence"))


def test_the_version_is_what_bluetoothctl_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asyncio.run(adapter.bluez_version()) is None
    (tmp_path / "bluetoothctl").write_text("#!/bin/sh\necho bluetoothctl: 5.66\n")
    (tmp_path / "bluetoothctl").chmod(0o755)
    assert asyncio.run(adapter.bluez_version()) == "5.66"
