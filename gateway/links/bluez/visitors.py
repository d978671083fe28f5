"""Devices that bluetoothd has connected by itself: who is there, and since when.

Pure bookkeeping over `objects`: no call is made here.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from gateway.links.bluez.held import HeldLink
from gateway.links.bluez.objects import Objects


class Visitors:
    """Connections that nobody here asked for, numbered as they come."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._asked: set[str] = set()
        self._visits: dict[str, int] = {}
        self._count = 0
        self._links: dict[str, HeldLink] = {}
        self._news = asyncio.Event()

    def waiting(self) -> list[tuple[str, int]]:
        """Path and number of each bonded device that is here unasked."""
        return [
            (path, self._number(path))
            for path, known in self._objects.devices.items()
            if known.bonded and self.is_here(path)
        ]

    def is_here(self, path: str) -> bool:
        """Whether this device is connected without our asking."""
        known = self._objects.devices.get(path)
        return known is not None and known.connected and path not in self._asked

    def changed(self, path: str) -> None:
        """A device's link came or went."""
        known = self._objects.devices.get(path)
        if known is None or not known.connected:
            self._gone(path)
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether that comes true within so many seconds; asked at each change of a link."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not true():
                    await self._news.wait()
        return true()

    async def news(self, seconds: float) -> None:
        """Until a link comes or goes, and no longer than that."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    @contextmanager
    def asked(self, path: str) -> Iterator[None]:
        """For the length of the block this device's link is one that we asked for."""
        self._asked.add(path)
        try:
            yield
        finally:
            self._asked.discard(path)

    @contextmanager
    def speaking(self, path: str, link: HeldLink) -> Iterator[None]:
        """For the length of the block this link is told when it goes."""
        self._links[path] = link
        try:
            yield
        finally:
            del self._links[path]

    def all_gone(self) -> None:
        """The daemon or the bus went."""
        for path in {*self._links, *self._visits}:
            self._gone(path)

    def _number(self, path: str) -> int:
        if path not in self._visits:
            self._count += 1
            self._visits[path] = self._count
        return self._visits[path]

    def _gone(self, path: str) -> None:
        self._visits.pop(path, None)
        if path in self._links:
            self._links[path].lost()
