"""A link that bluetoothd made by itself, spoken over on our own bus and left standing.

bleak would end it when a conversation is over, and bluetoothd would make it again as long as the
device advertises. So the device hangs up when it likes; the standing subscription hears the rest.
"""

import re
from collections.abc import Callable

from dbus_fast import Variant
from dbus_fast.aio import MessageBus

from gateway.links.bluez.bus import FAULTS, BusError, call
from gateway.links.bluez.objects import CHARACTERISTIC
from gateway.links.bluez.standing import Standing
from gateway.sessions.link import LinkError, OnValue

_ATT_ERROR = re.compile(r"ATT error: 0x([0-9a-fA-F]{2})")


class HeldLink:
    """`sessions.link.Link` over characteristics that BlueZ shows; `paths` by their short number."""

    def __init__(self, bus: MessageBus, standing: Standing, paths: dict[str, str]) -> None:
        self._bus, self._standing, self._paths = bus, standing, paths
        self._tell: Callable[[], None] | None = None
        self._is_up = True

    @property
    def channels(self) -> frozenset[str]:
        return frozenset(self._paths)

    @property
    def is_up(self) -> bool:
        return self._is_up

    def on_drop(self, callback: Callable[[], None]) -> None:
        self._tell = callback

    def lost(self) -> None:
        if self._is_up:
            self._is_up = False
            if self._tell is not None:
                self._tell()

    async def read(self, channel: str) -> bytes:
        options: dict[str, Variant] = {}
        answer = await self._ask(channel, "ReadValue", "a{sv}", options)
        return bytes(answer[0])

    async def write(self, channel: str, payload: bytes) -> None:
        options = {"type": Variant("s", "request")}
        await self._ask(channel, "WriteValue", "aya{sv}", payload, options)

    async def subscribe(self, channel: str, on_value: OnValue) -> None:
        """Never undone: the subscription stands on after the conversation."""
        path = self._path(channel)
        try:
            await self._standing.subscribe(self._bus, path, lambda value: on_value(channel, value))
        except FAULTS as error:
            raise _refused(error) from error

    def _path(self, channel: str) -> str:
        try:
            return self._paths[channel]
        except KeyError:
            raise LinkError(f"the device has no characteristic {channel}") from None

    async def _ask(self, channel: str, member: str, signature: str, *body: object) -> list[bytes]:
        path = self._path(channel)
        try:
            return await call(self._bus, path, CHARACTERISTIC, member, signature, *body)
        except FAULTS as error:
            raise _refused(error) from error


def _refused(error: Exception) -> LinkError:
    """Why, without the text of BlueZ, which may hold a path; with the device's own number."""
    if not isinstance(error, BusError):
        return LinkError("no answer in time")
    told = _ATT_ERROR.search(error.text or "")
    if told is None:
        return LinkError(str(error.type).rpartition(".")[2])
    return LinkError(f"ATT error 0x{told[1].lower()}", att_error=int(told[1], 16))
