"""Tells systemd how this process is: READY, WATCHDOG, STATUS, STOPPING (sd_notify(3)).

No thread and no timer: a ping goes out in the moment a loop reports progress, and only while all
the others are within their limits. A process without NOTIFY_SOCKET tells nobody.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from gateway.health.progress import Progress

_PINGS_A_PERIOD = 4
_DEFAULT_PERIOD_S = 60.0
P = ParamSpec("P")
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Notifier:
    """The Unix datagram socket of sd_notify."""

    def __init__(self, address: str | None) -> None:
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self._socket: socket.socket | None = None
        if self._address:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)  # a supervisor that does not read must not stop us

    def say(self, **words: str) -> None:
        """`say(READY="1")`. Nobody there to hear is no fault of this process."""
        if self._socket is None or self._address is None:
            return
        text = "".join(f"{name}={value}\n" for name, value in words.items())
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:
            _log.warning("systemd was not told: %s", error.strerror)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class Watchdog:
    """Pings while all loops get on. Ready once each has been heard of."""

    def __init__(
        self,
        notifier: Notifier,
        limits_s: Mapping[str, float],
        *,
        clock: Callable[[], float],
        period_s: float = _DEFAULT_PERIOD_S,
    ) -> None:
        self._notifier, self._clock = notifier, clock
        self._progress = Progress(limits_s, clock())
        self._every_s = period_s / _PINGS_A_PERIOD
        self._pinged: float | None = None
        self._late: tuple[str, ...] = ()

    def progress(self, loop: str) -> None:
        """A loop got something done."""
        self._progress.report(loop, self._clock())
        self._ping()

    def rest(self, loop: str) -> None:
        """A loop waits for something to happen."""
        self._progress.rest(loop)
        self._ping()

    def after(self, loop: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same work, reported once it is done."""

        def reported(*args: P.args, **kwargs: P.kwargs) -> T:
            result = work(*args, **kwargs)
            self.progress(loop)
            return result

        return reported

    def status(self, words: str) -> None:
        """One line for `systemctl status`."""
        self._notifier.say(STATUS=words.replace("\n", " "))

    def stopping(self) -> None:
        self._notifier.say(STOPPING="1")
        self._notifier.close()

    def _ping(self) -> None:
        now = self._clock()
        late = self._progress.late(now)
        if late != self._late:
            self._late = late
            if late:
                _log.error("no progress in: %s", ", ".join(late))
        if late or not self._progress.started:
            return
        if self._pinged is None:
            self._notifier.say(READY="1")
        elif now - self._pinged < self._every_s:
            return
        self._pinged = now
        self._notifier.say(WATCHDOG="1")


@contextmanager
def watched(limits_s: Mapping[str, float]) -> Iterator[Watchdog]:
    """The watchdog of this process, as the supervisor's environment describes it."""
    period_us = os.environ.get("WATCHDOG_USEC", "")
    period_s = int(period_us) / 1e6 if period_us.isdigit() else _DEFAULT_PERIOD_S
    notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
    dog = Watchdog(notifier, limits_s, clock=time.monotonic, period_s=period_s)
    try:
        yield dog
    finally:
        dog.stopping()
