from typing import Any

import pytest

from cloud_sync.contract.readings import ControlSolution, Glucose, Ketone, Refusal
from gateway.decoders import decode


def _line(text: str) -> Any:
    return decode("freestyle.optium.line", text)


MONTHS = ["Jan ", "Feb ", "Mar ", "Apr ", "May ", "June", "July", "Aug ", "Sep ", "Oct ", "Nov "]


@pytest.mark.parametrize(("number", "month"), [*enumerate(MONTHS, 1), (12, "Dec ")])
def test_months(number: int, month: str) -> None:
    reading = _line(f"093  {month} 30 2012 13:24 G 0x00")
    if number == 2:  # there is no 30 February
        assert reading.device_time is None
    else:
        assert reading.device_time.isoformat() == f"2012-{number:02d}-30T13:24:00"


def test_a_month_that_is_none_leaves_the_reading() -> None:
    reading = _line("093  Foo  30 2012 13:24 G 0x00")
    assert (reading.value, reading.device_time) == (93, None)


@pytest.mark.parametrize(("word", "flag"), [("HI ", "above_range"), ("LO ", "below_range")])
def test_beyond_the_range_there_is_no_value(word: str, flag: str) -> None:
    reading = _line(f"{word}  July 14 2013 21:05 G 0x00")
    assert isinstance(reading, Glucose)
    assert (reading.value, reading.flags) == (None, (flag,))
    assert isinstance(_line(f"{word}  July 14 2013 21:05 G 0x01"), ControlSolution)


@pytest.mark.parametrize(
    ("marks", "kind", "has_time"),
    [("00", Glucose, True), ("01", ControlSolution, True), ("02", Glucose, False),
     ("03", ControlSolution, False), ("fc", Glucose, True)],
)  # fmt: skip
def test_mark_bits(marks: str, kind: type[Any], has_time: bool) -> None:
    reading = _line(f"101  Jan  01 2000 00:10 G 0x{marks}")
    assert isinstance(reading, kind)
    assert (reading.device_time is not None) == has_time


def test_ketone_stays_unconverted_and_control_goes_first() -> None:
    assert isinstance(_line("003  Apr  22 2014 02:14 K 0x00"), Ketone)
    assert isinstance(_line("003  Apr  22 2014 02:14 K 0x01"), ControlSolution)
    assert isinstance(_line("HI   Apr  22 2014 02:14 K 0x00"), Refusal)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "93  May  30 2012 13:24 G 0x00",
        "093  May  30 2012 13:24 X 0x00",
        "093 May  30 2012 13:24 G 0x00",
        "093  May  30 2012 13:24 G 0x0",
        "Clock:\tApr  22 2014\t02:14",
        "0x1234  END",
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    assert isinstance(_line(text), Refusal)
