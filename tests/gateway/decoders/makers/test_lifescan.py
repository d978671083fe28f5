from typing import Any

import pytest

from cloud_sync.contract.readings import ControlSolution, Glucose, Refusal
from gateway.decoders import decode
from gateway.decoders.checks import crc16_ccitt, sum_of
from tests.gateway.decoders.captures import first

RECORD = 'P "SAT","03/21/15","16:42:11   ","  105 ","B","02", 00'
VERIO = first("verio-after-meal")


def _line(text: str) -> Any:
    return decode("lifescan.ultra2.line", f"{text} {sum_of(text.encode(), bits=16):04X}")


def test_the_captured_checksum_is_the_sum_of_the_text() -> None:
    assert decode("lifescan.ultra2.line", f"{RECORD} 099F") == _line(RECORD)
    assert isinstance(decode("lifescan.ultra2.line", f"{RECORD} 099E"), Refusal)
    assert isinstance(decode("lifescan.ultra2.line", f"{RECORD} 099f"), Refusal)


@pytest.mark.parametrize(
    ("letter", "meal"), [("N", None), ("B", "preprandial"), ("A", "postprandial")]
)
def test_meals_of_a_line(letter: str, meal: str | None) -> None:
    assert _line(RECORD.replace('"B"', f'"{letter}"')).meal == meal


def test_a_parity_error_is_refused_and_control_is_told_apart() -> None:
    assert isinstance(_line(RECORD.replace("105 ", "105?")), Refusal)
    assert isinstance(_line(RECORD.replace('"  105', '"C 105')), ControlSolution)
    assert isinstance(_line(RECORD.replace('"  105', '"X 105')), Refusal)


def test_a_header_and_other_lines_are_refused() -> None:
    for text in ('P 002,"ABC","MG/DL "', "", "P", RECORD.replace("P ", "Q ")):
        assert isinstance(_line(text), Refusal), text


def test_a_date_that_does_not_exist_leaves_the_reading() -> None:
    reading = _line(RECORD.replace("03/21/15", "02/30/15"))
    assert (reading.value, reading.device_time) == (105, None)


def _verio(offset: int, value: int) -> Any:
    frame = bytearray(VERIO)
    frame[offset] = value
    frame[-2:] = crc16_ccitt(bytes(frame[:-2])).to_bytes(2, "little")
    return decode("lifescan.verio.record", bytes(frame))


@pytest.mark.parametrize("offset", range(len(VERIO)))
def test_a_frame_with_any_byte_changed_is_refused(offset: int) -> None:
    changed = bytearray(VERIO)
    changed[offset] ^= 0x10
    assert isinstance(decode("lifescan.verio.record", bytes(changed)), Refusal)


@pytest.mark.parametrize("offset", [0, 1, 2, 3, 4, 15])
def test_another_frame_is_refused_though_its_checksum_is_right(offset: int) -> None:
    assert isinstance(_verio(offset, 0x7F), Refusal)


@pytest.mark.parametrize(
    ("code", "meal"),
    [(0, None), (1, "preprandial"), (2, "postprandial"), (3, "code_3")],
)
def test_meals_of_a_record(code: int, meal: str | None) -> None:
    reading = _verio(12, code)
    assert isinstance(reading, Glucose)
    assert reading.meal == meal


@pytest.mark.parametrize("mark", [1, 2, 255])
def test_any_control_byte_but_0_is_control(mark: int) -> None:
    assert isinstance(_verio(11, mark), ControlSolution)
