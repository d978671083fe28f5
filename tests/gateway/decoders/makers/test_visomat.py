from typing import Any

import pytest

from cloud_sync.contract.readings import Refusal
from gateway.decoders import decode


@pytest.mark.parametrize(
    "line",
    ["", "1511032130013409708", "151103213001340970830", "15110321300134 97083", "x" * 20],
)
def test_what_is_not_twenty_digits_is_refused(line: str) -> None:
    assert isinstance(decode("visomat.record", line), Refusal)


def test_the_unexplained_digit_changes_nothing() -> None:
    plain = decode("visomat.record", "15110321300134097083")
    assert decode("visomat.record", "15110321309134097083") == plain


def test_a_date_that_does_not_exist_and_a_pulse_of_0() -> None:
    reading: Any = decode("visomat.record", "15130321300134097000")
    assert (reading.device_time, reading.pulse_bpm, str(reading.diastolic)) == (None, None, "97")


def test_an_empty_record_is_refused() -> None:
    assert isinstance(decode("visomat.record", "0" * 20), Refusal)
