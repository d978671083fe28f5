"""Our agent answers a scripted bluetoothd; real bleak asks to pair."""

import asyncio
from pathlib import Path

import pytest
from bleak import BleakClient
from bleak.exc import BleakDBusError
from dbus_fast import Message, MessageType

from gateway.sessions.answers import Answers, Typed
from gateway.sessions.link import LinkError
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import Stand, sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)
OTHER = "/org/bluez/hci0/dev_00_00_00_00_00_01"


class Slow:
    """A person who thinks until the prompt closes."""

    capability = "KeyboardDisplay"

    def __init__(self) -> None:
        self.asked, self.withdrawn = 0, 0

    async def passkey(self) -> int | None:
        self.asked += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.withdrawn += 1
            raise
        return None

    async def pin(self) -> str | None:
        return None

    async def same(self, number: int) -> bool:
        return number < 0

    def show(self, digits: str) -> None:
        raise AssertionError(digits)


async def pair(it: Stand, device: FakeDevice) -> None:
    async with it.radio.connect(await sight(it, device), pair=True):
        pass


def error(reply: Message) -> str:
    assert reply.message_type is MessageType.ERROR
    assert reply.error_name is not None
    return reply.error_name.rpartition(".")[2]


@pytest.mark.parametrize(
    ("way", "answers"),
    [
        ("just_works", None),
        ("just_works", Typed("123456")),
        ("passkey", Typed("123456")),
        ("compare", Typed("123456")),
        ("compare", None),
        ("pin", Typed("123456")),
    ],
)
def test_each_way_of_pairing(tmp_path: Path, way: str, answers: Answers | None) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing=way)  # type: ignore[arg-type]
        async with stand(tmp_path, cuff, answers=answers) as it:
            await pair(it, cuff)
            assert cuff.bonded
            assert not cuff.connected
            assert it.daemon.default is not None
            capability = "NoInputNoOutput" if answers is None else "KeyboardDisplay"
            assert it.daemon.default[2] == capability

    asyncio.run(story())


@pytest.mark.parametrize(
    ("way", "answers"),
    [
        ("passkey", Typed("654321")),
        ("passkey", None),
        ("compare", Typed("654321")),
        ("pin", Typed("000000")),
        ("pin", None),
    ],
)
def test_a_wrong_answer_or_none_pairs_nothing(
    tmp_path: Path, way: str, answers: Answers | None
) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing=way)  # type: ignore[arg-type]
        async with stand(tmp_path, cuff, answers=answers) as it:
            with pytest.raises(LinkError, match="AuthenticationFailed"):
                await pair(it, cuff)
            assert not cuff.bonded
            assert it.daemon.calls["RemoveDevice"] == 0

    asyncio.run(story())


def test_without_an_agent_or_a_window_even_just_works_fails(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice()
        async with stand(tmp_path, cuff) as it:
            seen = await sight(it, cuff)
            for _ in ("a closed window", "no agent"):
                with pytest.raises(BleakDBusError, match="AuthenticationFailed"):
                    async with BleakClient(seen.handle, pair=True, timeout=2.0):  # type: ignore[arg-type]
                        pass
                it.daemon.agents.clear()
                it.daemon.default = None
            assert not cuff.bonded

    asyncio.run(story())


def test_inside_a_window_only_its_device_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice()
        async with stand(tmp_path, cuff, answers=Typed("123456")) as it:
            async with it.bluez.window(cuff.path):
                assert error(await it.daemon.ask_agent("RequestPasskey", "o", OTHER)) == "Rejected"
                for member, types, more in (
                    ("RequestAuthorization", "o", ()),
                    ("RequestConfirmation", "ou", (123456,)),
                    ("RequestPinCode", "o", ()),
                    ("DisplayPasskey", "ouq", (1, 0)),
                    ("DisplayPinCode", "os", ("1",)),
                    ("AuthorizeService", "os", ("1810",)),
                ):
                    asked = await it.daemon.ask_agent(member, types, OTHER, *more)
                    assert error(asked) == "Rejected", member
                right = await it.daemon.ask_agent("RequestPasskey", "o", cuff.path)
                assert right.body == [123456]
            closed = await it.daemon.ask_agent("RequestPasskey", "o", cuff.path)
            assert error(closed) == "Rejected"

    asyncio.run(story())


def test_outside_a_window_services_of_bonded_devices_are_authorised_and_no_others(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff = FakeDevice(bonded=True)
        stranger = FakeDevice(address="C0:FF:EE:00:00:99")
        async with stand(tmp_path, cuff, stranger) as it:
            fine = await it.daemon.ask_agent("AuthorizeService", "os", cuff.path, "1810")
            assert fine.message_type is MessageType.METHOD_RETURN
            other = await it.daemon.ask_agent("AuthorizeService", "os", stranger.path, "1810")
            assert error(other) == "Rejected"

    asyncio.run(story())


@pytest.mark.parametrize("ended_by", ["Cancel", "window", "crash"])
def test_a_prompt_closes_when_nobody_waits_for_it(tmp_path: Path, ended_by: str) -> None:
    async def story() -> None:
        cuff, person = FakeDevice(pairing="passkey"), Slow()
        async with stand(tmp_path, cuff, answers=person) as it:
            window = it.bluez.window(cuff.path)
            await window.__aenter__()
            asking = asyncio.create_task(it.daemon.ask_agent("RequestPasskey", "o", cuff.path))
            await until(lambda: person.asked == 1)
            if ended_by == "crash":
                asking.cancel()
                await it.daemon.crash()
            elif ended_by == "Cancel":
                await it.daemon.ask_agent("Cancel", "")
            else:
                await window.__aexit__(None, None, None)
            await until(lambda: person.withdrawn == 1)
            if ended_by != "crash":
                assert error(await asking) == "Canceled"
            else:
                await it.daemon.start()

    asyncio.run(story())


def test_a_device_removed_while_pairing_is_a_failure_in_words(tmp_path: Path) -> None:
    async def story() -> None:
        cuff, person = FakeDevice(pairing="passkey"), Slow()
        async with stand(tmp_path, cuff, answers=person) as it:
            pairing = asyncio.create_task(pair(it, cuff))
            await until(lambda: person.asked == 1)
            it.daemon.remove(cuff)
            await it.daemon.ask_agent("Cancel", "")
            with pytest.raises(LinkError, match="device not found"):
                await pairing
            assert person.withdrawn == 1

    asyncio.run(story())


def test_another_agent_that_took_the_role_loses_it_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with stand(tmp_path, FakeDevice()) as it:
            ours = it.daemon.default
            other = (":1.999", "/org/bluez/agent", "KeyboardDisplay")
            it.daemon.agents.append(other)
            it.daemon.default = other
            await until(lambda: it.daemon.default == ours)

    asyncio.run(story())
