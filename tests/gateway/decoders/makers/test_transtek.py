from typing import Any

import pytest

from gateway.decoders import decode
from tests.gateway.decoders.captures import first

RECORD = first("transtek-record-constructed")


@pytest.mark.parametrize(
    ("marks", "battery", "flags"),
    [
        (0x00, 1, ()),
        (0x01, 1, ("body_movement",)),
        (0x04, 1, ("irregular_pulse",)),
        (0xFA, 1, ()),
        (0x05, 0xFE, ("body_movement", "irregular_pulse", "battery_low")),
    ],
)
def test_marks_and_battery(marks: int, battery: int, flags: tuple[str, ...]) -> None:
    payload = RECORD[:14] + bytes([marks, 0, battery])
    reading: Any = decode("transtek.record", payload)
    assert reading.flags == flags


def test_time_counts_from_2010() -> None:
    said: Any = decode("transtek.time", bytes(4))
    assert said.device_time.isoformat() == "2010-01-01T00:00:00"
