"""Bytes in, values out: what a payload says, or why it cannot be read. Never raises.

A closed list of channels, one function each. Nothing here touches a socket, disk, clock or log.
"""

from collections.abc import Callable
from types import MappingProxyType

from cloud_sync.contract.readings import Outcome, Refusal, Spoken
from gateway.decoders.advertisement import advertisement
from gateway.decoders.blood_pressure import blood_pressure, cuff_pressure
from gateway.decoders.body_composition import body_composition
from gateway.decoders.clock import current_time, date_time
from gateway.decoders.cursor import Cursor, Refused
from gateway.decoders.glucose import glucose, glucose_context
from gateway.decoders.hints import BY_THE_BOOK, NAMED, Hints
from gateway.decoders.oximetry import continuous, spot_check
from gateway.decoders.racp import racp
from gateway.decoders.temperature import temperature
from gateway.decoders.weight import weight

__all__ = ["BINARY", "CHANNELS", "TEXT", "Hints", "decode"]

BINARY: MappingProxyType[str, Callable[[Cursor, Hints], Spoken]] = MappingProxyType(
    {
        "2A08": date_time,
        "2A18": glucose,
        "2A1C": temperature,
        "2A1E": temperature,
        "2A2B": current_time,
        "2A34": glucose_context,
        "2A35": blood_pressure,
        "2A36": cuff_pressure,
        "2A52": racp,
        "2A5E": spot_check,
        "2A5F": continuous,
        "2A9C": body_composition,
        "2A9D": weight,
        "advertisement": advertisement,
    }
)
TEXT: MappingProxyType[str, Callable[[str], Spoken]] = MappingProxyType({})
CHANNELS = frozenset(BINARY) | frozenset(TEXT)


def decode(channel: str, payload: bytes | str, profile: str | Hints | None = None) -> Outcome:
    """What `payload` says, for any input at all.

    `profile` is a device profile's id or its hints; without one, or with one that deviates
    nowhere, the payload is read by the book. Bytes on a line-oriented channel are read as ASCII.
    """
    hints = profile if isinstance(profile, Hints) else NAMED.get(profile or "", BY_THE_BOOK)
    try:
        if channel in BINARY:
            return _binary(channel, payload, hints)
        if channel in TEXT:
            return _text(channel, payload)
    except Refused as refused:
        return refused.refusal
    return Refusal(reason="unknown channel", field="channel")


def _binary(channel: str, payload: bytes | str, hints: Hints) -> Outcome:
    if isinstance(payload, str):
        return Refusal(reason="this channel carries bytes, not text", field="payload")
    return BINARY[channel](Cursor(payload), hints)


def _text(channel: str, payload: bytes | str) -> Outcome:
    line = payload if isinstance(payload, str) else payload.decode("latin-1")
    if not line.isascii():
        return Refusal(reason="a line of this channel is ASCII", field="payload")
    return TEXT[channel](line)
