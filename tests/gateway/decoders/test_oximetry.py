from decimal import Decimal
from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode

MEASUREMENT = {
    5: "ongoing",
    6: "early_estimate",
    7: "validated",
    8: "fully_qualified",
    9: "from_storage",
    14: "questionable",
}
FAILED = {10: "demonstration", 11: "testing", 12: "calibrating", 13: "unavailable", 15: "invalid"}
DEVICE = [
    "extended_update",
    "equipment_malfunction",
    "signal_irregularity",
    "inadequate_signal",
    "poor_signal",
    "low_perfusion",
    "erratic_signal",
    "nonpulsatile_signal",
    "questionable_pulse",
    "signal_analysis_ongoing",
    "interference",
    "sensor_unconnected",
    "unknown_sensor",
    "sensor_displaced",
    "sensor_malfunction",
    "sensor_disconnected",
]


def _spot(in_hex: str) -> Any:
    return decode("2A5E", bytes.fromhex(in_hex))


@pytest.mark.parametrize(("bit", "flag"), MEASUREMENT.items())
def test_measurement_status(bit: int, flag: str) -> None:
    assert _spot("0260004800" + (1 << bit).to_bytes(2, "little").hex()).flags == (flag,)


@pytest.mark.parametrize(("bit", "flag"), FAILED.items())
def test_a_status_that_is_no_measurement(bit: int, flag: str) -> None:
    outcome = _spot("0260004800" + (1 << bit).to_bytes(2, "little").hex())
    assert isinstance(outcome, FailedMeasurement)
    assert outcome.flags == (flag,)


@pytest.mark.parametrize(("bit", "flag"), list(enumerate(DEVICE)))
def test_device_status(bit: int, flag: str) -> None:
    assert _spot("0460004800" + (1 << bit).to_bytes(3, "little").hex()).flags == (flag,)


def test_reserved_status_bits_are_ignored() -> None:
    assert _spot("06600048001f000000ff").flags == ()


def test_everything_present_in_a_spot_check() -> None:
    payload = "1f" + "60004800" + "ea070b18090507" + "2000" + "200000" + "64f0"
    reading = _spot(payload)
    assert (reading.spo2, reading.pulse_bpm) == (96, 72)
    assert reading.flags == ("ongoing", "low_perfusion", "clock_not_set")
    for size in range(len(payload) // 2):
        assert isinstance(_spot(payload[: 2 * size]), Refusal), size


def test_continuous_uses_the_normal_pair_and_steps_over_the_others() -> None:
    payload = "1f" + "60004800" + "5f004700" + "61004900" + "2000" + "200000" + "64f0"
    reading: Any = decode("2A5F", bytes.fromhex(payload))
    assert (reading.spo2, reading.pulse_bpm) == (96, 72)
    assert reading.flags == ("ongoing", "low_perfusion")
    assert reading.device_time is None
    for size in range(len(payload) // 2):
        assert isinstance(decode("2A5F", bytes.fromhex(payload[: 2 * size])), Refusal), size
    slow_only: Any = decode("2A5F", bytes.fromhex("06" + "60004800" + "61004900" + "4000"))
    assert slow_only.flags == ("early_estimate",)


@pytest.mark.parametrize("word", ["ff07", "0008", "fe07", "0208", "0108"])
def test_spo2_without_a_number_is_a_failed_attempt(word: str) -> None:
    assert isinstance(_spot(f"00{word}4800"), FailedMeasurement)


def test_a_pulse_without_a_number_is_absent() -> None:
    reading = _spot("006000ff07")
    assert (reading.spo2, reading.pulse_bpm) == (Decimal(96), None)
    assert isinstance(_spot("0065004800"), Refusal)
