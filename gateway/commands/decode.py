"""`vitals-hub decode`: what a payload says, or why it cannot be read. Pure, and quick to start."""

import json
import math
import sys
from collections.abc import Callable
from typing import Annotated, Never

from cyclopts import Parameter

from gateway.decoders import CHANNELS, TEXT, Hints, decode as decode_payload

_DIGITS_MAX = 300
_REFUSED = 1
_MISUSED = 2


def decode(
    channel: str | None = None,
    payload: str | None = None,
    /,
    *,
    profile: str | None = None,
    batch: Annotated[bool, Parameter(negative=())] = False,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Say what a payload means, or why it cannot be read.

    vitals-hub decode 2A35 167d0050006600e10701100c273640000000

    vitals-hub decode 2A35 566a0047000000ea07080b121f00003f000000 --profile beurer/bm85

    vitals-hub decode --batch < items.json

    Exit code 0: a reading (in a batch: every item was answered). 1: refused. 2: wrong use.

    Parameters
    ----------
    channel
        A characteristic number (2A35) or the name of a frame (omron.record.le14).
    payload
        Hexadecimal digits; for a line-oriented channel the line itself.
    profile
        A device profile, maker/model, whose deviations from the book apply.
    batch
        Read a JSON array of {"id", "channel", "hex" or "text", "profile"?} on standard input
        and print, in order, {"id", "reading"} or {"id", "refused"}.
    as_json
        Print the answer as JSON.

    """
    if batch:
        if channel is not None:
            _misused("--batch reads everything from standard input: leave out CHANNEL and PAYLOAD")
        _batch()
    elif channel is None or payload is None:
        _misused("give CHANNEL and PAYLOAD, or --batch with a JSON array on standard input")
    else:
        _single(_channel(channel), payload, profile, as_json=as_json)


def _batch() -> None:
    from gateway.decoders.batch import answer_all

    try:
        items = json.loads(
            sys.stdin.buffer.read(),
            parse_int=_number(int),
            parse_float=_number(float),
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        _misused("standard input is no JSON")
    if not isinstance(items, list):
        _misused("standard input holds JSON, but no array")
    lines = ",\n ".join(json.dumps(answer) for answer in answer_all(items, _find_hints))
    sys.stdout.write(f"[{lines}]\n")


def _number(kind: Callable[[str], float]) -> Callable[[str], float | None]:
    """None for a number too large to be one here: it spoils its own item and no other."""

    def parse(text: str) -> float | None:
        number = kind(text) if len(text) < _DIGITS_MAX else math.inf
        return number if math.isfinite(number) else None

    return parse


def _no_constant(text: str) -> Never:
    raise ValueError(f"{text} is not JSON")


def _single(channel: str, payload: str, profile: str | None, *, as_json: bool) -> None:
    from cloud_sync.contract.readings import Refusal
    from gateway.decoders.batch import explain, fields

    hints = None if profile is None else _known_hints(profile)
    outcome = decode_payload(channel, _payload(channel, payload), hints)
    if isinstance(outcome, Refusal):
        reason = explain(outcome)
        sys.stdout.write(
            f"{json.dumps({'refused': reason}) if as_json else f'refused: {reason}'}\n"
        )
        sys.exit(_REFUSED)
    said = fields(outcome)
    if as_json:
        sys.stdout.write(f"{json.dumps({'reading': said})}\n")
        return
    for name, value in said.items():
        if value is not None:
            sys.stdout.write(f"{name:<20} {value}\n")


def _channel(channel: str) -> str:
    """As typed, or in the case the list has it in: `2a35` is meant as 2A35."""
    known = {name.lower(): name for name in CHANNELS}
    return known.get(channel.lower(), channel)


def _payload(channel: str, payload: str) -> bytes | str:
    if channel in TEXT:
        return payload
    try:
        return bytes.fromhex(payload.removeprefix("0x").replace(":", " ").replace("-", " "))
    except ValueError:
        _misused("PAYLOAD must be hexadecimal digits in pairs, such as 00780050005d00")


def _find_hints(profile: str) -> Hints | None:
    from gateway.profiles import find

    found = find(profile)
    return found.hints if found else None


def _known_hints(profile: str) -> Hints:
    from gateway.profiles import load

    hints = _find_hints(profile)
    if hints is None:
        known = ", ".join(each.id for each in load())
        _misused(f"no device profile is called {profile}; there are: {known}")
    return hints


def _misused(message: str) -> Never:
    sys.stderr.write(f"vitals-hub decode: {message}\n")
    sys.exit(_MISUSED)
