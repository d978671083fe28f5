from datetime import UTC, datetime

import pytest

from gateway.decoders.cursor import Cursor
from gateway.decoders.times import (
    AdjustReason,
    encode_current_time,
    encode_date_time,
    moment,
    read_date_time,
    read_short_date,
    shifted,
    since,
)

at = datetime.fromisoformat


def _read(in_hex: str) -> datetime | None:
    return read_date_time(Cursor(bytes.fromhex(in_hex)))


def test_reads_a_date_time() -> None:
    assert _read("ea07010f081e00") == at("2026-01-15T08:30:00")
    assert read_short_date(Cursor(bytes([26, 7, 15, 17, 59, 19]))) == at("2026-07-15T17:59:19")


@pytest.mark.parametrize(
    "in_hex",
    [
        "0000010f081e00",  # year 0: not known
        "ea07000f081e00",  # month 0
        "ea070100081e00",  # day 0
        "ea070d0f081e00",  # month 13
        "ea07021f081e00",  # 31 February
        "ea07010f181e00",  # hour 24
        "ea07010f083c00",  # minute 60
        "ea07010f081e3c",  # second 60
        "2d06010f081e00",  # 1581
        "1027010f081e00",  # 10000
        "ffffffffffffff",
    ],
)
def test_a_date_that_is_unknown_or_does_not_exist_is_none(in_hex: str) -> None:
    assert _read(in_hex) is None


def test_leap_days_exist_in_leap_years_only() -> None:
    assert moment((2024, 2, 29), (0, 0, 0)) == at("2024-02-29T00:00:00")
    assert moment((2026, 2, 29), (0, 0, 0)) is None
    assert moment((1582, 1, 1), (0, 0, 0)) is not None
    assert moment((9999, 12, 31), (23, 59, 59)) is not None


def test_a_shift_beyond_the_calendar_is_none() -> None:
    assert shifted(at("2024-01-30T05:58:00"), 339) == at("2024-01-30T11:37:00")
    assert shifted(at("9999-12-31T23:59:00"), 1) is None
    assert shifted(at("1582-01-01T00:00:00"), -1) is None
    assert shifted(None, 5) is None


def test_counters_of_seconds() -> None:
    assert since(2010, 0x1D07806E) == at("2025-06-07T22:21:34")
    assert since(2000, 0xFFFFFFFF).year == 2136


def test_writes_what_it_reads() -> None:
    local = at("2026-11-24T09:05:07")
    assert encode_date_time(local).hex() == "ea070b18090507"
    assert read_date_time(Cursor(encode_date_time(local))) == local


def test_writes_current_time_as_a_captured_app_did() -> None:
    # Captured: Tuesday, fraction 11 (hexadecimal), adjust reason 1.
    local = at("2026-05-12T18:53:43.066407")
    assert encode_current_time(local, AdjustReason.MANUAL).hex() == "ea07050c12352b021101"
    last = at("2026-05-17T00:00:00.999999")
    reason = AdjustReason.EXTERNAL_REFERENCE | AdjustReason.TIME_ZONE
    assert encode_current_time(last, reason)[7:] == bytes([7, 255, 6])


def test_a_device_clock_is_never_written_with_a_zone() -> None:
    with pytest.raises(AssertionError):
        encode_date_time(datetime(2026, 1, 1, tzinfo=UTC))
