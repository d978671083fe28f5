"""The window a technician opens: how long, for whom, and who answers in it."""

import asyncio
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from gateway.buffer.devices import DeviceStore
from gateway.health.clock import SystemClock
from gateway.links.bluez import agent
from gateway.profiles import find
from gateway.provisioning import pairing
from gateway.sessions.answers import Typed
from gateway.sessions.link import LinkError
from tests.gateway.links.bluez.test_agent import Slow, error, pair
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.stand import sight, stand, until

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


def test_a_question_that_bluetoothd_gives_up_after_a_minute_closes_the_prompt(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        cuff, person = FakeDevice(pairing="passkey"), Slow()
        async with stand(tmp_path, cuff, answers=person) as it:
            it.daemon.asks_for_s = 0.1  # in the place of 60 s
            with pytest.raises(LinkError, match="AuthenticationTimeout"):
                await pair(it, cuff)
            await until(lambda: person.withdrawn == 1)
            assert not cuff.bonded

    asyncio.run(story())


def test_a_window_shuts_by_itself_whatever_becomes_of_the_pairing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert agent.WINDOW_SECONDS == 120.0
    monkeypatch.setattr(agent, "WINDOW_SECONDS", 0.1)

    async def story() -> None:
        cuff, person = FakeDevice(pairing="passkey"), Slow()
        async with (
            stand(tmp_path, cuff, answers=person) as it,
            it.bluez.window(cuff.path),
        ):
            asked = await it.daemon.ask_agent("RequestPasskey", "o", cuff.path)
            assert (error(asked), person.withdrawn) == ("Canceled", 1)
            late = await it.daemon.ask_agent("RequestAuthorization", "o", cuff.path)
            assert error(late) == "Rejected"

    asyncio.run(story())


def test_whoever_answers_in_a_window_tells_bluetoothd_what_they_can_do(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing="passkey")
        async with stand(tmp_path, cuff) as it:
            seen = await sight(it, cuff)
            assert it.daemon.default is not None
            assert it.daemon.default[2] == "NoInputNoOutput"
            async with it.radio.connect(seen, pair=True, answers=Typed("123456")):
                assert cuff.bonded
            assert "KeyboardDisplay" in it.daemon.capabilities
            assert it.daemon.default[2] == "NoInputNoOutput"
            assert len(it.daemon.agents) == 1

    asyncio.run(story())


def test_the_one_pin_of_a_maker_is_in_the_profile_and_nobody_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bm54 = find("beurer/bm54")
    assert bm54 is not None
    link = msgspec.structs.replace(bm54.link, pairing="pin", pin="111111")
    constructed = msgspec.structs.replace(bm54, link=link)
    monkeypatch.setattr(pairing, "match", lambda *_: constructed)

    async def story() -> None:
        for way in ("pin", "passkey"):  # over LE a fixed PIN is asked for as a passkey
            cuff = FakeDevice(pairing=way, code=111111)
            with closing(DeviceStore(tmp_path / f"{way}.db")) as store:
                async with stand(tmp_path, cuff) as it:
                    await pairing.pair_device(
                        it.radio, store, SystemClock(), wanted=lambda *_: True, window_s=4
                    )
                    assert cuff.bonded

    asyncio.run(story())


def test_a_link_left_by_another_process_does_not_pass_for_a_pairing(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(discovered=True)
        async with stand(tmp_path, cuff) as it:
            seen = await sight(it, cuff)
            it.daemon._connect(cuff)
            await until(lambda: it.bluez.visitors.is_here(cuff.path))
            async with it.radio.connect(seen, pair=True):
                assert cuff.bonded

    asyncio.run(story())
