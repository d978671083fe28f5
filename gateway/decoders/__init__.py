"""Bytes in, values out: what a payload says, or why it cannot be read. Never raises.

A closed list of channels, one function each. Nothing here touches a socket, disk, clock or log.
"""

from collections.abc import Callable
from types import MappingProxyType

from cloud_sync.contract.readings import Outcome, Refusal, Spoken
from gateway.decoders import (
    advertisement,
    blood_pressure,
    body_composition,
    clock,
    glucose,
    oximetry,
    racp,
    temperature,
    weight,
)
from gateway.decoders.cursor import Cursor, Refused
from gateway.decoders.hints import BY_THE_BOOK, NAMED, Hints
from gateway.decoders.makers import (
    ascensia,
    codefree,
    freestyle,
    lifescan,
    masimo,
    microlife,
    omron,
    taidoc,
    transtek,
    visomat,
    yonker,
)

__all__ = ["BINARY", "CHANNELS", "TEXT", "Hints", "decode"]

BINARY: MappingProxyType[str, Callable[[Cursor, Hints], Spoken]] = MappingProxyType(
    {
        "2A08": clock.date_time,
        "2A18": glucose.measurement,
        "2A1C": temperature.measurement,
        "2A1E": temperature.measurement,
        "2A2B": clock.current_time,
        "2A34": glucose.context,
        "2A35": blood_pressure.measurement,
        "2A36": blood_pressure.intermediate,
        "2A52": racp.indication,
        "2A5E": oximetry.spot_check,
        "2A5F": oximetry.continuous,
        "2A9C": body_composition.measurement,
        "2A9D": weight.measurement,
        "advertisement": advertisement.advertised,
        "ascensia.frame": ascensia.frame,
        "codefree.frame": codefree.frame,
        "lifescan.verio.record": lifescan.verio_record,
        "masimo.frame": masimo.frame,
        "microlife.record": microlife.record,
        "omron.advertisement": omron.advertisement,
        "omron.clock.classic": omron.clock_classic,
        "omron.clock.mixed": omron.clock_mixed,
        "omron.clock.modern": omron.clock_modern,
        "omron.frame.le14": omron.frame_le14,
        "omron.hid.gme": omron.hid_gme,
        "omron.record.be14": omron.record_be14,
        "omron.record.le14": omron.record_le14,
        "omron.record.le16": omron.record_le16,
        "taidoc.datetime": taidoc.clock,
        "taidoc.record.bp": taidoc.blood_pressure,
        "taidoc.record.glucose": taidoc.glucose,
        "taidoc.record.spo2": taidoc.oximetry,
        "taidoc.record.temperature": taidoc.temperature,
        "transtek.record": transtek.record,
        "transtek.time": transtek.time,
        "yonker.frame": yonker.frame,
    }
)
TEXT: MappingProxyType[str, Callable[[str], Spoken]] = MappingProxyType(
    {
        "ascensia.record": ascensia.record,
        "freestyle.optium.line": freestyle.line,
        "lifescan.ultra2.line": lifescan.ultra2_line,
        "visomat.record": visomat.record,
    }
)
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
    return BINARY[channel](Cursor(bytes(payload)), hints)


def _text(channel: str, payload: bytes | str) -> Outcome:
    line = payload if isinstance(payload, str) else payload.decode("latin-1")
    if not line.isascii():
        return Refusal(reason="a line of this channel is ASCII", field="payload")
    return TEXT[channel](line)
