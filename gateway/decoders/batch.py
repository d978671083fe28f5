"""Batch decoding: a list of items in, a list of answers out, in the same order.

A refusal is an answer, not an error; an item that is itself malformed gets one too, so that one
bad item never disturbs the others.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import get_args

import msgspec

from cloud_sync.contract.readings import (
    Analyte,
    FailedMeasurement,
    Outcome,
    Reading,
    Refusal,
    Spoken,
)
from gateway.decoders import Hints, decode
from gateway.decoders.numbers import plain

FindHints = Callable[[str], Hints | None]

_READING_FIELDS = {kind.__struct_config__.tag: kind.__struct_fields__ for kind in get_args(Reading)}


def answer_all(items: Sequence[object], find_hints: FindHints) -> list[dict[str, object]]:
    """`{"id","reading":{...}}` or `{"id","refused":"reason"}` for each item."""
    return [_answer(item, find_hints) for item in items]


def fields(spoken: Spoken) -> dict[str, object]:
    """Every field of an outcome as JSON values: absent is null, decimals are plain text."""
    values = {key: _value(value) for key, value in msgspec.structs.asdict(spoken).items()}
    if isinstance(spoken, Analyte):
        # An unconverted count and its code are integers; only a converted number is a decimal.
        values["raw_value"] = int(spoken.raw_value)
        values["analyte"] = int(spoken.analyte) if spoken.analyte.isdecimal() else spoken.analyte
    if isinstance(spoken, FailedMeasurement):
        # A failed attempt has the fields of what was attempted, so that both compare alike.
        values = {**dict.fromkeys(_READING_FIELDS[spoken.of]), **values}
    return {"kind": spoken.__struct_config__.tag, **values}


def explain(refusal: Refusal) -> str:
    """The reason with its place: which field, at which byte."""
    place = [refusal.field] if refusal.field else []
    place += [f"byte {refusal.offset}"] if refusal.offset is not None else []
    return f"{refusal.reason} ({', '.join(place)})" if place else refusal.reason


def _value(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    return value


def _answer(item: object, find_hints: FindHints) -> dict[str, object]:
    identity = _identity(item)
    outcome = _outcome(item, find_hints)
    if isinstance(outcome, Refusal):
        return {"id": identity, "refused": explain(outcome)}
    return {"id": identity, "reading": fields(outcome)}


def _identity(item: object) -> str | int | float | None:
    """A text or a number, given back as it came; anything else cannot name an item."""
    identity = item.get("id") if isinstance(item, Mapping) else None
    return identity if isinstance(identity, str | int | float) else None


def _outcome(item: object, find_hints: FindHints) -> Outcome:
    if not isinstance(item, Mapping):
        return Refusal(reason="an item is an object with id, channel and hex or text")
    channel = item.get("channel")
    if not isinstance(channel, str):
        return Refusal(reason="the channel is missing or no text", field="channel")
    payload = _payload(item.get("hex"), item.get("text"))
    if isinstance(payload, Refusal):
        return payload
    hints = _hints(item.get("profile"), find_hints)
    if isinstance(hints, Refusal):
        return hints
    return decode(channel, payload, hints)


def _payload(in_hex: object, text: object) -> bytes | str | Refusal:
    if (in_hex is None) == (text is None):
        return Refusal(reason="an item has either hex or text", field="payload")
    if isinstance(text, str):
        return text
    if not isinstance(in_hex, str):
        return Refusal(reason="hex and text are texts", field="payload")
    try:
        return bytes.fromhex(in_hex)
    except ValueError:
        return Refusal(reason="not hexadecimal digits in pairs", field="hex")


def _hints(profile: object, find_hints: FindHints) -> Hints | Refusal | None:
    if profile is None:
        return None
    hints = find_hints(profile) if isinstance(profile, str) else None
    return (
        Refusal(reason="no device profile has this name", field="profile")
        if (hints is None)
        else hints
    )
