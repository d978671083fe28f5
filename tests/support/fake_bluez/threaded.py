"""The scripted bluetoothd in a thread of its own: for code that runs an event loop itself."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.private_bus import private_bus


class Running:
    """A scripted bluetoothd in a thread of its own, and a systemctl that moves it."""

    def __init__(self, address: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self.fake = loop, FakeBluez(address)
        self.verbs: list[str] = []
        self.stops = True

    def do(self, verb: str) -> None:
        self.verbs.append(verb)
        if self.stops:
            work = self.fake.start() if verb == "start" else self.fake.crash()
            asyncio.run_coroutine_threadsafe(work, self._loop).result(5)


@contextmanager
def running(directory: Path) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with private_bus(directory) as address:
        made = Running(address, loop)
        made.do("start")
        made.verbs.clear()
        try:
            yield made
        finally:
            made.stops = True
            made.do("stop")
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
