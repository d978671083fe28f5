from typing import Any

from cloud_sync.contract.readings import Refusal
from gateway.decoders import decode
from tests.gateway.decoders.captures import first

RECORD = first("microlife-record-1")


def test_only_three_zeros_are_an_empty_slot() -> None:
    no_pulse: Any = decode("microlife.record", RECORD[:2] + b"\0" + RECORD[3:])
    assert (no_pulse.systolic, no_pulse.pulse_bpm) == (120, None)
    empty = decode("microlife.record", bytes(3) + RECORD[3:])
    assert isinstance(empty, Refusal)
    assert "empty" in empty.reason
    assert isinstance(decode("microlife.record", b"\x78\0\0" + RECORD[3:]), Refusal)
