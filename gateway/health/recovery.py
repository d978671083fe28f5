"""A radio that heals itself: watches scanning, takes the ladder's measures, records each.

Stands before the collector's radio and has the same two methods. It decides nothing: `ladder` says
which measure, the callables given to it carry it out.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol

from gateway.health.bonds import ending
from gateway.health.ladder import Ladder, Rung, Silence
from gateway.sessions.answers import Answers
from gateway.sessions.link import (
    Ears,
    Link,
    LinkError,
    RadioMuteError,
    RadioRefusedError,
    Sighting,
    Watch,
)

CHECK_S = 5.0
RESCAN_S = 15.0
MEASURE_LIMIT_S = 60.0
OnSighting = Callable[[Sighting], None]
Measure = Callable[[str], Awaitable[str]]  # takes the reason, gives what came of it
_log = logging.getLogger(__name__)


class HealableRadio(Protocol):
    """The part of `links.ble.Radio` used here."""

    async def listen(self, on_sighting: OnSighting) -> None: ...

    def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AbstractAsyncContextManager[Link]: ...

    def watch(self, watch: Watch) -> None: ...

    async def attend(self, ears: Ears) -> None: ...

    async def forget(self, sighting: Sighting) -> None: ...

    async def unpair(self, device: str) -> bool: ...


class Book(Protocol):
    """Where it is written down."""

    def recovered(self, rung: Rung, reason: str, outcome: str) -> None: ...

    def heard(self, sighting: Sighting) -> None: ...

    def attempted(self, sighting: Sighting, ended: str) -> None: ...

    def know(self, devices: frozenset[str]) -> None: ...

    def key_missing(self, device: str) -> None: ...

    def background(self, why: str) -> None: ...


class Pulse(Protocol):
    """The part of `notify.Watchdog` used here."""

    def progress(self, loop: str) -> None: ...

    def rest(self, loop: str) -> None: ...


class _Trouble(NamedTuple):
    reason: str
    rung: Rung | None


class HealedRadio:
    """`listen` ends only by being cancelled; `connect` is never disturbed by a measure."""

    def __init__(  # noqa: PLR0913 - each is an edge that a test puts its own in place of
        self,
        radio: HealableRadio,
        *,
        ladder: Ladder,
        measures: Mapping[Rung, Measure],
        book: Book,
        pulse: Pulse,
        check_s: float = CHECK_S,
    ) -> None:
        self._radio, self._ladder, self._measures = radio, ladder, measures
        self._book, self._pulse, self._check_s = book, pulse, check_s
        self._silence = Silence()
        self._links = 0
        self._measuring = asyncio.Lock()  # a measure and a connection wait for one another
        self._pulse.rest("talk")

    async def listen(self, on_sighting: OnSighting) -> None:
        def note(sighting: Sighting) -> None:
            if sighting.has_payload:
                self._silence.heard(_now())
                self._ladder.succeeded()
            self._book.heard(sighting)
            on_sighting(sighting)

        while True:
            trouble = await self._until_trouble(note)
            if trouble.rung is not None:
                await self._take(trouble.rung, trouble.reason)
            else:
                await self._wait()

    def watch(self, watch: Watch) -> None:
        self._book.know(watch.known)
        self._radio.watch(watch)

    async def attend(self, ears: Ears) -> None:
        await self._radio.attend(
            ears._replace(key_missing=self._book.key_missing, background=self._book.background)
        )

    async def forget(self, sighting: Sighting) -> None:
        await self._radio.forget(sighting)

    async def unpair(self, device: str) -> bool:
        return await self._radio.unpair(device)

    @asynccontextmanager
    async def connect(
        self, sighting: Sighting, /, *, pair: bool = False, answers: Answers | None = None
    ) -> AsyncIterator[Link]:
        """What becomes of a pairing is told to whoever asked for it and says nothing of a bond."""
        connected = False
        async with self._measuring:
            self._links += 1
        self._pulse.progress("talk")
        try:
            async with self._radio.connect(sighting, pair=pair, answers=answers) as link:
                connected = True
                self._ladder.succeeded()
                self._book.attempted(sighting, "connected")
                yield link
        except LinkError as error:
            if not connected and not pair:
                self._book.attempted(sighting, ending(str(error)))
            raise
        finally:
            self._links -= 1
            self._silence.busy(_now())
            self._pulse.rest("talk")

    async def _until_trouble(self, note: OnSighting) -> _Trouble:
        """Scan until that fails, or nothing has been heard for too long."""
        scan = asyncio.get_running_loop().create_task(self._radio.listen(note))
        try:
            while True:
                done, _ = await asyncio.wait({scan}, timeout=self._check_s)
                self._pulse.progress("radio")
                if done:
                    try:
                        await scan
                    except RadioRefusedError as error:
                        return _Trouble(str(error), None)  # restarting cannot help
                    except RadioMuteError as error:
                        return self._failed(str(error), Rung.BLUETOOTHD_RESTART)
                    except LinkError as error:
                        return self._failed(str(error))
                elif (trouble := self._silent()) is not None:
                    return trouble
        finally:
            scan.cancel()
            await asyncio.gather(scan, return_exceptions=True)

    def _failed(self, reason: str, at_least: Rung = Rung.RETRY) -> _Trouble:
        up = self._links > 0
        return _Trouble(reason, self._ladder.failed(_now(), link_up=up, at_least=at_least))

    def _silent(self) -> _Trouble | None:
        now = _now()
        if self._links:
            self._silence.busy(now)
        due = self._silence.due(now)
        if due is None:
            return None
        rung = self._ladder.failed(
            now, link_up=self._links > 0, at_least=due, at_most=Rung.ADAPTER_POWER
        )
        if rung is None:
            return None
        reason = f"no advertisement for {self._silence.seconds(now):.0f} s"
        self._silence.acted(rung, now)
        return _Trouble(reason, rung)

    async def _take(self, rung: Rung, reason: str) -> None:
        async with self._measuring:
            if self._links:  # it came up while the scan was being stopped
                return
            outcome = await self._outcome(rung, reason)
        _log.warning("radio: %s; %s: %s", reason, rung.name.lower(), outcome)
        self._book.recovered(rung, reason, outcome)

    async def _outcome(self, rung: Rung, reason: str) -> str:
        measure = self._measures.get(rung)
        if measure is None:  # the first two rungs are nothing but to scan again
            return "done"
        try:
            async with asyncio.timeout(MEASURE_LIMIT_S):
                return await measure(reason)
        except (LinkError, OSError) as error:
            return f"failed: {error}"

    async def _wait(self) -> None:
        """Scan again soon: the last measure has its time to work, which may be a quarter hour."""
        until = _now() + min(max(self._ladder.wait_s(_now()), self._check_s), RESCAN_S)
        while (left := until - _now()) > 0:
            await asyncio.sleep(min(left, self._check_s))
            self._pulse.progress("radio")


def _now() -> float:
    return asyncio.get_running_loop().time()
