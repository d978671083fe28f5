"""Noise of every kind: a decoder answers, it never raises."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from cloud_sync.contract.readings import Outcome, Refusal
from gateway.decoders import BINARY, CHANNELS, TEXT, Hints, decode
from gateway.decoders.batch import fields
from gateway.decoders.hints import NAMED
from tests.gateway.decoders.captures import CASES, payload

SPOKEN = get_args(Outcome)
HINTS = st.sampled_from([None, *NAMED.values()])
CAPTURED = st.sampled_from([case for case in CASES if "hex" in case])
LINES = st.sampled_from([case for case in CASES if "text" in case])


def _check(outcome: Outcome) -> None:
    assert isinstance(outcome, SPOKEN)
    encoded = msgspec.json.encode(outcome)
    assert msgspec.json.decode(encoded, type=Outcome) == outcome
    if not isinstance(outcome, Refusal):
        for value in fields(outcome).values():
            assert not isinstance(value, Decimal | float)


@given(st.sampled_from(sorted(CHANNELS)), st.binary(max_size=40), HINTS)
@settings(max_examples=1500)
def test_random_bytes(channel: str, data: bytes, hints: Hints | None) -> None:
    _check(decode(channel, data, hints))


@given(st.sampled_from(sorted(TEXT)), st.text(max_size=60))
@settings(max_examples=300)
def test_random_text(channel: str, text: str) -> None:
    _check(decode(channel, text))


@given(CAPTURED, st.data())
@settings(max_examples=1500)
def test_a_captured_payload_with_bytes_changed(case: dict[str, Any], data: st.DataObject) -> None:
    changed = bytearray(payload(case))  # type: ignore[arg-type]
    for _ in range(data.draw(st.integers(1, 3))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    _check(decode(case["channel"], bytes(changed), case["profile_hint"]))


@given(LINES, st.data())
@settings(max_examples=400)
def test_a_captured_line_with_characters_changed(case: dict[str, Any], data: st.DataObject) -> None:
    line = list(case["text"])
    for _ in range(data.draw(st.integers(1, 3))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.characters(max_codepoint=300))
    _check(decode(case["channel"], "".join(line)))


@pytest.mark.parametrize("channel", sorted(BINARY))
@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x7F, 0x80])
def test_runs_of_one_byte(channel: str, byte: int) -> None:
    for size in range(24):
        _check(decode(channel, bytes([byte]) * size))
