"""The decoders against a second reading of the same tables, over payloads of every shape."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from cloud_sync.contract.readings import FailedMeasurement, Outcome, Refusal
from gateway.decoders import decode
from tests.gateway.decoders import second_opinion

TIME = b"\xea\x07\x0b\x18\x09\x05\x07"
TIME_TEXT = "2026-11-24T09:05:07"


def _plausible_word(low: int, high: int) -> st.SearchStrategy[bytes]:
    """Mostly numbers as devices send them, sometimes any word at all."""
    plain = st.integers(low, high).map(lambda n: n.to_bytes(2, "little"))
    tenths = st.integers(low, high).map(lambda n: (n | 0xF000).to_bytes(2, "little"))
    return st.one_of(plain, plain, plain, tenths, st.binary(min_size=2, max_size=2))


@st.composite
def pressures(draw: st.DrawFn) -> bytes:
    flags = draw(st.integers(0, 255))
    numbers = b"".join(draw(_plausible_word(0, 420)) for _ in range(3))
    rest = TIME if flags & 2 else b""
    rest += draw(_plausible_word(0, 260)) if flags & 4 else b""
    rest += bytes([draw(st.integers(0, 255))]) if flags & 8 else b""
    rest += draw(st.binary(min_size=2, max_size=2)) if flags & 16 else b""
    return bytes([flags]) + numbers + rest


@st.composite
def glucoses(draw: st.DrawFn) -> bytes:
    flags = draw(st.integers(0, 255))
    exponent = 0xC if flags & 4 else 0xB
    word = st.integers(1, 800).map(lambda n: (n | exponent << 12).to_bytes(2, "little"))
    anything = st.binary(min_size=2, max_size=2)
    offset = draw(anything) if flags & 1 else b""
    sample = bytes([draw(st.integers(0, 255))])
    value = draw(st.one_of(word, word, word, anything)) + sample if flags & 2 else b""
    status = draw(anything) if flags & 8 else b""
    return bytes([flags]) + draw(anything) + TIME + offset + value + status


@st.composite
def temperatures(draw: st.DrawFn) -> bytes:
    flags = draw(st.integers(0, 255))
    tenths = st.integers(200, 1100).map(lambda n: n.to_bytes(3, "little") + b"\xff")
    rest = (TIME if flags & 2 else b"") + (bytes([draw(st.integers(0, 255))]) if flags & 4 else b"")
    value = draw(st.one_of(tenths, tenths, st.binary(min_size=4, max_size=4)))
    return bytes([flags]) + value + rest


@st.composite
def weights(draw: st.DrawFn) -> bytes:
    flags = draw(st.integers(0, 255))
    rest = (TIME if flags & 2 else b"") + (bytes([draw(st.integers(0, 255))]) if flags & 4 else b"")
    rest += draw(st.binary(min_size=4, max_size=4)) if flags & 8 else b""
    return bytes([flags]) + draw(st.binary(min_size=2, max_size=2)) + rest


def _impossible(number: Any, above: int, most: int) -> bool:
    return number is not None and not bool(above < number <= most)


def _same(number: Decimal | None, other: Any) -> bool:
    return other is None if number is None else bool(Fraction(number) == other)


def _time(outcome: Any) -> str | None:
    return outcome.device_time.isoformat() if outcome.device_time else None


@given(pressures())
@settings(max_examples=600)
def test_blood_pressure(payload: bytes) -> None:
    second: dict[str, Any] = second_opinion.blood_pressure(payload)
    assert second["size"] == len(payload)
    outcome: Any = decode("2A35", payload)
    most = 400 if second["unit"] == "mmHg" else 54
    main = second["systolic"], second["diastolic"]
    mean, pulse = second["mean"] or None, second["pulse"] or None
    if None in main:
        assert isinstance(outcome, FailedMeasurement)
    elif any(_impossible(n, 0, most) for n in (*main, mean)) or _impossible(pulse, 0, 400):
        assert isinstance(outcome, Refusal)
        return
    else:
        assert _same(outcome.systolic, main[0])
        assert _same(outcome.diastolic, main[1])
        assert _same(outcome.mean, mean)
        assert _same(outcome.pulse_bpm, pulse)
    assert outcome.unit == second["unit"]
    assert outcome.user == (None if second["user"] == 255 else second["user"])
    assert _time(outcome) == (TIME_TEXT if second["time"] else None)
    status = second["status"]
    expected = {
        "body_movement": status % 2 == 1,
        "cuff_loose": status // 2 % 2 == 1,
        "irregular_pulse": status // 4 % 2 == 1,
        "pulse_above_range": status // 8 % 4 == 1,
        "pulse_below_range": status // 8 % 4 == 2,
        "improper_position": status // 32 % 2 == 1,
    }
    assert [f for f in outcome.flags if f != "implausible"] == [f for f in expected if expected[f]]


@given(glucoses())
@settings(max_examples=600)
def test_glucose(payload: bytes) -> None:
    second: dict[str, Any] = second_opinion.glucose(payload)
    assert second["size"] == len(payload)
    outcome: Any = decode("2A18", payload)
    value = second["value"]
    if _impossible(value, 0, 2000 if second["unit"] == "mg/dL" else 111):
        assert isinstance(outcome, Refusal)
        return
    assert outcome.sequence == second["sequence"]
    assert outcome.base_time.isoformat() == TIME_TEXT
    overrun = second["offset"] in (32767, -32768)
    assert outcome.time_offset_minutes == (None if overrun else second["offset"])
    assert (outcome.device_time is None) == overrun
    if not overrun:
        minutes = (outcome.device_time - outcome.base_time).total_seconds() / 60
        assert minutes == (second["offset"] or 0)
    assert outcome.context_follows == second["context"]
    assert (outcome.sample_type is None) == (second["type"] is None)
    if value is not None:
        assert _same(outcome.value, value)
        control = second["type"] == 10 or second["location"] == 4
        assert outcome.__struct_config__.tag == ("control_solution" if control else "glucose")


@given(temperatures())
@settings(max_examples=300)
def test_temperature(payload: bytes) -> None:
    second: dict[str, Any] = second_opinion.temperature(payload)
    assert second["size"] == len(payload)
    outcome: Any = decode("2A1C", payload)
    above, most = (0, 100) if second["unit"] == "Cel" else (32, 212)
    if _impossible(second["value"], above, most):
        assert isinstance(outcome, Refusal)
        return
    if second["value"] is None:
        assert isinstance(outcome, FailedMeasurement)
    else:
        assert _same(outcome.value, second["value"])
    assert outcome.unit == second["unit"]
    assert (outcome.site is None) == (second["type"] is None)
    assert _time(outcome) == (TIME_TEXT if second["time"] else None)


@given(weights())
@settings(max_examples=300)
def test_weight(payload: bytes) -> None:
    second: dict[str, Any] = second_opinion.weight(payload)
    assert second["size"] == len(payload)
    outcome: Any = decode("2A9D", payload)
    if _impossible(second["value"], 0, 400 if second["unit"] == "kg" else 700):
        assert isinstance(outcome, Refusal)
        return
    assert outcome.user == (None if second["user"] == 255 else second["user"])
    if second["value"] is None:
        assert isinstance(outcome, FailedMeasurement)
        return
    assert _same(outcome.value, second["value"])
    assert -outcome.value.as_tuple().exponent == (3 if second["unit"] == "kg" else 2)
    assert _same(outcome.bmi, second["bmi"] or None)
    assert _same(outcome.height, second["height"] or None)
    assert (outcome.height_unit is None) == (outcome.height is None)


@pytest.mark.parametrize(
    ("channel", "shapes"),
    [("2A35", pressures()), ("2A18", glucoses()), ("2A1C", temperatures()), ("2A9D", weights())],
)
def test_every_shape_is_refused_when_cut_and_unmoved_by_a_tail(
    channel: str, shapes: st.SearchStrategy[bytes]
) -> None:
    def decoded(payload: bytes) -> Outcome:
        return decode(channel, payload)

    @given(shapes)
    @settings(max_examples=150)
    def holds(payload: bytes) -> None:
        assert decoded(payload + b"\x05\xff") == decoded(payload)
        for size in range(len(payload)):
            assert isinstance(decoded(payload[:size]), Refusal)

    holds()
