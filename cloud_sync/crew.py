"""Threads that stand and fall together: the first to end, or a signal, dismisses all."""

import asyncio
import contextlib
from collections.abc import Callable
from threading import Thread
from typing import Any

_LEAVE_SECONDS = 10.0


class PartEnded(Exception):  # noqa: N818  the fact, as the log should have it
    """A part of the server ended by itself; a supervisor should start the whole anew."""


class Crew:
    """The threads beside a running event loop; `done` is set when it is time to go."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._threads: dict[str, Thread] = {}
        self._failures: list[tuple[str, BaseException | None]] = []
        self._dismissed = False

    def hire(self, name: str, work: Callable[[], Any]) -> None:
        """Run it in a thread of its own."""
        self._threads[name] = Thread(target=self._watch, args=(name, work), name=name, daemon=True)
        self._threads[name].start()

    def dismiss(self) -> None:
        """It is time to go, by order and not by failure."""
        self._dismissed = True
        self.done.set()

    def see_off(self, name: str) -> None:
        """Wait for the thread's end, but not for ever: it is a daemon."""
        self._threads[name].join(_LEAVE_SECONDS)

    def report(self) -> None:
        """PartEnded if it was a failure that ended the work."""
        for name, error in self._failures:
            raise PartEnded(f"the {name} ended by itself") from error

    def _watch(self, name: str, work: Callable[[], Any]) -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001  reported by the main thread, which ends
            failure = error
        if (not self._dismissed and not self.done.is_set()) or failure is not None:
            self._failures.append((name, failure))
        with contextlib.suppress(RuntimeError):  # the loop may be gone already
            self._loop.call_soon_threadsafe(self.done.set)
