"""Failures of the radio in words for people, and never with an address in them."""

import asyncio

import pytest
from bleak.exc import BleakDBusError, BleakError

from gateway.links.bluez.bus import BusError
from gateway.links.timed import limited
from gateway.sessions.link import LinkError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BleakError("device 'dev_C0_FF_EE_00_00_54' not found"), "device not found"),
        (BleakError("Device C0:FF:EE:00:00:54 was not found"), "Device device was not found"),
        (BleakDBusError("org.bluez.Error.InProgress", ["x"]), "InProgress"),
        (BusError("org.bluez.Error.NotPermitted", "C0:FF:EE:00:00:54"), "NotPermitted"),
        (TimeoutError(), "no answer in time"),
        (FileNotFoundError(), "the system's message bus cannot be reached"),
        (EOFError(), "EOFError"),
    ],
)
def test_each_fault_is_a_link_error_in_words(error: Exception, words: str) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(LinkError) as told:
        asyncio.run(limited(fail(), 1.0))
    assert str(told.value) == words


def test_what_takes_too_long_ends() -> None:
    with pytest.raises(LinkError, match="no answer in time"):
        asyncio.run(limited(asyncio.Event().wait(), 0.01))
