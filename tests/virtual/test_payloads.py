"""The virtual devices' encoder against the GATT Specification Supplement and the decoders."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract.readings import BloodPressure, FailedMeasurement, Glucose, GlucoseContext
from gateway.decoders import decode
from tests.virtual import payloads

NOON = datetime(2026, 11, 24, 12, 34, 56)  # noqa: DTZ001 - device times have no zone
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=datetime(2099, 12, 31),  # noqa: DTZ001
).map(lambda moment: moment.replace(microsecond=0))


@pytest.mark.parametrize(
    ("mantissa", "exponent", "encoded"),
    [(120, 0, "7800"), (118, -5, "76b0"), (-1, 0, "ff0f"), (5, 3, "0530")],
)
def test_short_floats_by_hand(mantissa: int, exponent: int, encoded: str) -> None:
    assert payloads.sfloat(mantissa, exponent).hex() == encoded


def test_date_time_by_hand() -> None:
    assert payloads.date_time(NOON).hex() == "ea070b180c2238"
    assert payloads.date_time(None).hex() == "00" * 7


@given(MOMENTS)
def test_a_written_clock_is_understood(moment: datetime) -> None:
    assert payloads.read_date_time(payloads.date_time(moment)) == moment


@pytest.mark.parametrize("value", [b"", bytes(7), b"\xea\x07\x0d\x01\x00\x00\x00", bytes(8)])
def test_a_clock_out_of_range_is_none(value: bytes) -> None:
    assert payloads.read_date_time(value) is None


@given(st.integers(100, 180), st.integers(50, 98), st.integers(40, 180), MOMENTS)
def test_a_pressure_reads_back_by_the_gateway(
    systolic: int, diastolic: int, pulse: int, when: datetime
) -> None:
    read = decode("2A35", payloads.blood_pressure(systolic, diastolic, pulse, when))
    assert isinstance(read, BloodPressure)
    assert read.systolic == Decimal(systolic)
    assert read.diastolic == Decimal(diastolic)
    assert read.pulse_bpm == Decimal(pulse)
    assert (read.unit, read.device_time, read.flags) == ("mmHg", when, ())


def test_an_error_of_the_cuff_is_a_failed_measurement() -> None:
    assert isinstance(decode("2A35", payloads.failed_pressure(NOON)), FailedMeasurement)


@given(st.integers(0, 65535), st.integers(20, 600), MOMENTS, st.booleans())
def test_a_glucose_reads_back_by_the_gateway(
    sequence: int, mg_dl: int, when: datetime, context_follows: bool
) -> None:
    raw = payloads.glucose(sequence, when, mg_dl, context_follows=context_follows)
    read = decode("2A18", raw)
    assert isinstance(read, Glucose)
    assert (read.value, read.unit, read.sequence) == (Decimal(mg_dl), "mg/dL", sequence)
    assert (read.base_time, read.time_offset_minutes) == (when, 0)
    assert bool(read.context_follows) is context_follows


def test_a_context_names_its_record_and_meal() -> None:
    read = decode("2A34", payloads.glucose_context(258, 3))
    assert read == GlucoseContext(sequence=258, meal="fasting")
