"""Masimo MightySat live frame. A layout from a single public log; to be confirmed."""

from decimal import Decimal

from cloud_sync.contract.readings import FailedMeasurement, PulseOximetry
from gateway.decoders.checks import crc8
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import OximetryClaim, judge_oximetry
from gateway.decoders.numbers import Number, Special

_START = 0x77
_LIVE = 0x05
_LIVE_SIZE = 9  # up to and with the pulse
_NO_VALUE = 255


def frame(cursor: Cursor, _hints: Hints) -> PulseOximetry | FailedMeasurement:
    """Start, length of payload and CRC, payload, CRC over the payload."""
    if cursor.u8("start") != _START:
        refuse("wrong start byte", "start", 0)
    length = cursor.u8("length")
    if length <= _LIVE_SIZE:
        refuse("too short for a live frame", "length", 1)
    payload = cursor.take(length - 1, "payload")
    if cursor.u8("checksum") != crc8(payload):
        refuse("wrong checksum", "checksum", length + 1)
    if payload[0] != _LIVE:
        refuse("not a live frame", "type", 2)
    return judge_oximetry(OximetryClaim(spo2=_number(payload[6]), pulse=_number(payload[8])))


def _number(byte: int) -> Number:
    return Special.NAN if byte == _NO_VALUE else Decimal(byte)
