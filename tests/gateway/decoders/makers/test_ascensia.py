from typing import Any

import pytest

from cloud_sync.contract.readings import ControlSolution, Glucose, Refusal
from gateway.decoders import decode
from gateway.decoders.checks import sum_of
from tests.gateway.decoders.captures import first

RESULT = "R|8|^^^Glucose|133|mg/dL^P||B/X||201202052034"
HEADER = first("contour-usb-header")


def _record(line: str) -> Any:
    return decode("ascensia.record", line)


def _frame(record: bytes, digit: bytes = b"1", end: bytes = b"\x17") -> bytes:
    summed = digit + record + b"\r" + end
    return b"\x02" + summed + f"{sum_of(summed):02X}".encode() + b"\r\n"


def test_a_frame_says_what_its_record_says() -> None:
    for end in (b"\x17", b"\x03"):
        framed = _frame(RESULT.encode(), end=end)
        assert decode("ascensia.frame", framed) == _record(RESULT)
        assert decode("ascensia.frame", b"\x04" + framed + b"\x05") == _record(RESULT)


@pytest.mark.parametrize(
    "frame",
    [
        _frame(RESULT.encode(), digit=b"8"),
        _frame(RESULT.encode(), end=b"\x04"),
        _frame(RESULT.encode())[1:],
        b"\x05" + _frame(RESULT.encode()),
        _frame(RESULT.encode()).replace(b"|133|", b"|134|"),
        _frame(RESULT.encode()[:-1] + b"\xb2"),
        b"",
    ],
)
def test_a_broken_frame_is_refused(frame: bytes) -> None:
    assert isinstance(decode("ascensia.frame", frame), Refusal)


def test_a_lower_case_checksum_is_refused() -> None:
    framed = _frame(RESULT.encode().replace(b"133", b"137"))
    digits = framed[-4:-2]
    assert isinstance(
        decode("ascensia.frame", framed[:-4] + digits.lower() + b"\r\n"), Refusal
    ) == (digits != digits.lower())


@pytest.mark.parametrize(
    ("marks", "kind", "meal", "flags"),
    [
        ("", Glucose, None, ()),
        ("B", Glucose, "preprandial", ()),
        ("A/X", Glucose, "postprandial", ()),
        (">", Glucose, None, ("above_range",)),
        ("</B", Glucose, "preprandial", ("below_range",)),
        ("C", ControlSolution, None, ()),
        ("C/>", ControlSolution, None, ("above_range",)),
        ("D/I/S/X/Z0", Glucose, None, ()),
    ],
)
def test_marks(marks: str, kind: type[Any], meal: str | None, flags: tuple[str, ...]) -> None:
    reading = _record(f"R|8|^^^Glucose|133|mg/dL^P||{marks}||201202052034")
    assert isinstance(reading, kind)
    assert (reading.meal, reading.flags, reading.value) == (meal, flags, 133)


def test_older_serial_meters_put_control_into_the_third_field() -> None:
    assert isinstance(_record("R|8|^^^Glucose|133|mg/dL^P|||E|201202052034"), ControlSolution)
    assert isinstance(_record("R|8|^^^Glucose|133|mg/dL^P||E||201202052034"), Glucose)
    assert _record("R|8|^^^Glucose|20|mg/dL^P|<|A||201202052034").flags == ("below_range",)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "L|1||N",
        "P|1",
        RESULT.replace("^^^Glucose", "^^^Ketone"),
        RESULT.replace("mg/dL", "g/L"),
        RESULT.replace("|133|", "||"),
        RESULT.replace("|133|", "|-5|"),
        RESULT.replace("|133|", "|1e2|"),
        RESULT.replace("|8|", "|x|"),
        RESULT.replace("|8|", "|1234567|"),
        RESULT.replace("201202052034", ""),
        RESULT.replace("201202052034", "20120205203"),
        "H|\\^&||x",
    ],
)
def test_other_records_tests_units_and_numbers_are_refused(line: str) -> None:
    assert isinstance(_record(line), Refusal)


def test_a_date_that_does_not_exist_leaves_the_reading() -> None:
    reading = _record(RESULT.replace("201202052034", "201202302034"))
    assert (reading.value, reading.device_time) == (133, None)


def test_a_header_of_a_meter_set_to_mmol() -> None:
    record = HEADER[3 : HEADER.index(b"\r")].decode()
    assert _record(record) == decode("ascensia.frame", HEADER)
    assert _record(record.replace("^U=0", "^U=1")).unit == "mmol/L"
    bare = _record(record.replace("^U=0", "").replace("V=10600", "V=x").replace("|1714|", "||"))
    assert (bare.unit, bare.low_limit, bare.records, bare.model) == (None, None, None, "Bayer7390")
