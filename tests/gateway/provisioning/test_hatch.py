"""The socket beside the running collector: who may use it, and what goes wrong at it."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.profiles import find
from gateway.provisioning.caller import call
from gateway.provisioning.hatch import Done, Failed, Gone, Pair, Unpair, serve_hatch
from gateway.provisioning.pairing import NothingFoundError, Paired
from gateway.sessions.answers import Answers, Nobody, Typed
from gateway.sessions.link import LinkError, RadioUnavailableError
from tests.support.fake_bluez.stand import until


class Desk:
    """Asks whatever it is told to, then pairs or fails."""

    def __init__(self, *, asks: str = "", fault: Exception | None = None) -> None:
        self.asks, self.fault = asks, fault
        self.answered: object = None
        self.shown = 0
        self.begun, self.broken_off = asyncio.Event(), asyncio.Event()

    async def pair(self, request: Pair, answers: Answers, tell: Callable[[str], None]) -> Paired:
        self.begun.set()
        tell(f"{answers.capability} {request.window_s}")
        try:
            await self._ask(answers)
        except asyncio.CancelledError:
            self.broken_off.set()
            raise
        if self.fault is not None:
            raise self.fault
        profile = find("beurer/bm54")
        assert profile is not None
        return Paired(device="ble:00", profile=profile, name="cuff")

    async def unpair(self, device: str) -> bool:
        return device == "ble:00"

    async def _ask(self, answers: Answers) -> None:
        match self.asks:
            case "passkey":
                self.answered = await answers.passkey()
            case "pin":
                self.answered = await answers.pin()
            case "same":
                self.answered = await answers.same(123456)
            case "show":
                answers.show("42")


class Person(Typed):
    """Thinks for ever about a PIN."""

    def __init__(self) -> None:
        super().__init__("123456")
        self.told: list[str] = []
        self.withdrawn = asyncio.Event()
        self.thinking = asyncio.Event()

    async def pin(self) -> str | None:
        self.thinking.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.withdrawn.set()
        return None

    def show(self, digits: str) -> None:
        self.told.append(digits)


@asynccontextmanager
async def hatch(path: Path, desk: Desk) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(serve_hatch(path, desk))
    try:
        await until(lambda: listens(path))
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as knocking:
        return knocking.connect_ex(str(path)) == 0


ASKED = Pair(capability="KeyboardDisplay", window_s=7.0)


@pytest.mark.parametrize(
    ("asks", "answered"), [("passkey", 123456), ("same", True), ("pin", "123456"), ("", None)]
)
def test_each_question_goes_out_and_its_answer_comes_back(
    tmp_path: Path, asks: str, answered: object
) -> None:
    async def story() -> None:
        desk = Desk(asks=asks)
        async with hatch(tmp_path / "hatch", desk):
            told: list[str] = []
            end = await call(tmp_path / "hatch", ASKED, Typed("123456"), told.append)
            assert end == Done(device="ble:00", name="cuff", profile="beurer/bm54")
            assert desk.answered == answered
            assert told == ["KeyboardDisplay 7.0"]
            known = await call(tmp_path / "hatch", Unpair(device="ble:00"), Nobody(), told.append)
            assert known == Gone(was_known=True)
            other = await call(tmp_path / "hatch", Unpair(device="ble:01"), Nobody(), told.append)
            assert other == Gone(was_known=False)

    asyncio.run(story())


def test_digits_for_the_meter_are_shown(tmp_path: Path) -> None:
    async def story() -> None:
        person = Person()
        async with hatch(tmp_path / "hatch", Desk(asks="show")):
            await call(tmp_path / "hatch", ASKED, person, print)
            assert person.told == ["42"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("fault", "end"),
    [
        (NothingFoundError(), Failed(why="nothing")),
        (LinkError("no answer in time"), Failed(why="refused", words="no answer in time")),
        (RadioUnavailableError("plug it in"), Failed(why="radio", words="plug it in")),
    ],
)
def test_a_failure_is_told_in_words_and_the_collector_goes_on(
    tmp_path: Path, fault: Exception, end: Failed
) -> None:
    async def story() -> None:
        async with hatch(tmp_path / "hatch", Desk(fault=fault)) as task:
            for _ in range(2):
                assert await call(tmp_path / "hatch", ASKED, Nobody(), print) == end
            assert not task.done()

    asyncio.run(story())


def test_a_fault_of_the_store_ends_the_collector_and_the_technician_is_told(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with hatch(tmp_path / "hatch", Desk(fault=OSError(28, "disk full"))) as task:
            end = await call(tmp_path / "hatch", ASKED, Nobody(), print)
            assert isinstance(end, Failed)
            assert "collector ended" in end.words
            with pytest.raises(OSError, match="disk full"):
                await task
            assert await call(tmp_path / "hatch", ASKED, Nobody(), print) is None

    asyncio.run(story())


def test_whoever_hangs_up_breaks_it_off(tmp_path: Path) -> None:
    async def story() -> None:
        desk, person = Desk(asks="pin"), Person()
        async with hatch(tmp_path / "hatch", desk):
            calling = asyncio.create_task(call(tmp_path / "hatch", ASKED, person, print))
            await person.thinking.wait()
            calling.cancel()
            await asyncio.wait_for(desk.broken_off.wait(), 4)
            assert person.withdrawn.is_set()

    asyncio.run(story())


def test_a_collector_that_stops_withdraws_its_question(tmp_path: Path) -> None:
    async def story() -> None:
        desk, person = Desk(asks="pin"), Person()
        async with hatch(tmp_path / "hatch", desk) as task:
            calling = asyncio.create_task(call(tmp_path / "hatch", ASKED, person, print))
            await person.thinking.wait()
            task.cancel()
            end = await asyncio.wait_for(calling, 4)
            assert isinstance(end, Failed)
            assert person.withdrawn.is_set()
            assert desk.broken_off.is_set()

    asyncio.run(story())


def test_nonsense_is_hung_up_on_and_hurts_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with hatch(tmp_path / "hatch", Desk()) as task:
            for line in (
                b"[" * 900 + b"\n",
                b"{}\n",
                b"\xff\n",
                b'{"say":"answer","said":1}\n',
                b"[" * 200_000,
                b"",
            ):
                reader, writer = await asyncio.open_unix_connection(tmp_path / "hatch")
                writer.write(line)
                writer.write_eof()
                assert await reader.read() == b""
                writer.close()
            assert not task.done()
            assert isinstance(await call(tmp_path / "hatch", ASKED, Nobody(), print), Done)

    asyncio.run(story())


def test_it_belongs_to_the_collectors_account_and_a_left_over_one_is_replaced(
    tmp_path: Path,
) -> None:
    path = tmp_path / "hatch"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))

    async def story() -> None:
        assert await call(path, ASKED, Nobody(), print) is None
        async with hatch(path, Desk()):
            assert isinstance(await call(path, ASKED, Nobody(), print), Done)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not path.exists()

    asyncio.run(story())


def test_a_path_too_long_for_a_socket_costs_no_reading(tmp_path: Path) -> None:
    asyncio.run(serve_hatch(tmp_path / ("x" * 200), Desk()))
