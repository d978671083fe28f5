from typing import Any

import pytest

from cloud_sync.contract.readings import ControlSolution, Glucose, Ketone, OtherAnalyte, Refusal
from gateway.decoders import decode
from gateway.decoders.checks import sum_of

DATE = bytes.fromhex("51252f341e08a5a4")


def _frame(command: int, data: bytes, direction: int = 0xA5) -> bytes:
    frame = bytes([0x51, command]) + data + bytes([direction])
    return frame + bytes([sum_of(frame)])


def _glucose(value: int, d3: int) -> Any:
    data = value.to_bytes(2, "little") + bytes([0, d3])
    return decode("taidoc.record.glucose", DATE + _frame(0x26, data))


@pytest.mark.parametrize(("top", "meal"), [(0, None), (1, "preprandial"), (2, "postprandial")])
def test_meals(top: int, meal: str | None) -> None:
    reading = _glucose(123, top << 6)
    assert isinstance(reading, Glucose)
    assert reading.meal == meal


@pytest.mark.parametrize("analyte", range(16))
def test_control_is_judged_before_the_analyte(analyte: int) -> None:
    assert isinstance(_glucose(130, 0xC0 | analyte << 2), ControlSolution)
    patient = _glucose(130, 0x40 | analyte << 2)
    kinds: dict[int, type[Any]] = {0: Glucose, 7: Ketone}
    assert isinstance(patient, kinds.get(analyte, OtherAnalyte))
    if analyte:
        assert (patient.analyte, patient.raw_value) == (str(analyte), 130)


def test_the_two_lowest_bits_mean_nothing() -> None:
    assert _glucose(123, 0x43) == _glucose(123, 0x40)


@pytest.mark.parametrize(
    ("count", "text"), [(366, "36.6"), (999, "99.9"), (1000, "10.00"), (3660, "36.60")]
)
def test_tenths_and_from_1000_on_hundredths(count: int, text: str) -> None:
    data = count.to_bytes(2, "little") + b"\0\0"
    reading: Any = decode("taidoc.record.temperature", DATE + _frame(0x26, data))
    assert str(reading.value) == text


def test_a_mean_of_0_is_absent() -> None:
    payload = DATE + _frame(0x26, bytes([138, 0, 88, 72]))
    reading: Any = decode("taidoc.record.bp", payload)
    assert (reading.systolic, reading.mean, reading.diastolic) == (138, None, 88)


@pytest.mark.parametrize(
    "payload",
    [
        DATE + DATE,
        _frame(0x26, b"\x7b\0\0\0") + DATE,
        DATE + _frame(0x26, b"\x7b\0\0\0", direction=0xA3),
        DATE[:-1] + b"\0" + _frame(0x26, b"\x7b\0\0\0"),
        DATE + _frame(0x54, b"\x7b\0\0\0"),
    ],
)
def test_other_frames_and_wrong_sums_are_refused(payload: bytes) -> None:
    assert isinstance(decode("taidoc.record.glucose", payload), Refusal)


def test_bits_above_hour_and_minute_are_left_aside() -> None:
    plain: Any = decode("taidoc.datetime", bytes.fromhex("2f341e08"))
    assert plain.device_time.isoformat() == "2026-01-15T08:30:00"
    assert decode("taidoc.datetime", bytes.fromhex("2f34dee8")) == plain
    unset: Any = decode("taidoc.datetime", bytes(4))
    assert unset.device_time is None
