from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode
from tests.gateway.decoders.captures import first

RECORD = first("omron-7142t2-slot13")  # 120/90, pulse 98, 2026-06-11 18:06:12, number 14
FRAME = first("omron-7142t2-frame-1")
PACKED = first("omron-7600t-bitpacked")
HID = first("omron-hem790it-1")


def _changed(payload: bytes, offset: int, value: int) -> bytes:
    return payload[:offset] + bytes([value]) + payload[offset + 1 :]


def _read(channel: str, payload: bytes) -> Any:
    return decode(f"omron.{channel}", payload)


def test_the_largest_systolic_of_a_record_and_the_first_empty_mark() -> None:
    largest = _read("record.le14", _changed(RECORD, 0, 0xE1))
    assert (largest.systolic, largest.flags) == (250, ())
    empty = _read("record.le14", _changed(RECORD, 0, 0xE2))
    assert isinstance(empty, Refusal)
    assert "empty" in empty.reason


def test_byte_0_alone_does_not_fill_a_slot() -> None:
    assert isinstance(_read("record.le14", bytes([95]) + bytes(13)), Refusal)
    assert isinstance(_read("record.be14", bytes([0, 95]) + bytes(12)), Refusal)


@pytest.mark.parametrize(
    ("bits", "flags"),
    [
        (0x40, ("irregular_pulse",)),
        (0x80, ("body_movement",)),
        (0xC0, ("body_movement", "irregular_pulse")),
    ],
)
def test_marks_of_both_byte_orders(bits: int, flags: tuple[str, ...]) -> None:
    little = _read("record.le14", _changed(RECORD, 5, RECORD[5] | bits))
    assert little.flags == flags
    # The bit-packed word has the two the other way round: movement on top, then irregular.
    packed_bits = {0x40: 0x40, 0x80: 0x80, 0xC0: 0xC0}[bits]
    assert _read("record.be14", _changed(PACKED, 4, PACKED[4] | packed_bits)).flags == flags


@pytest.mark.parametrize("second", [60, 61, 62, 63])
def test_seconds_from_60_are_read_as_59(second: int) -> None:
    reading = _read("record.le14", _changed(RECORD, 6, (RECORD[6] & 0xC0) | second))
    assert reading.device_time.isoformat() == "2026-06-11T18:06:59"


def test_the_sum_of_a_record_is_informative() -> None:
    assert _read("record.le14", _changed(RECORD, 12, RECORD[12] ^ 1)).sequence == 14


def test_a_date_that_does_not_exist_leaves_the_reading() -> None:
    reading = _read("record.le14", _changed(RECORD, 5, 0x00))
    assert (reading.systolic, reading.device_time) == (120, None)


def test_an_impossible_diastolic_refuses_and_a_pulse_of_0_is_absent() -> None:
    assert isinstance(_read("record.le14", _changed(RECORD, 1, 0)), Refusal)
    assert _read("record.le14", _changed(RECORD, 2, 0)).pulse_bpm is None


@pytest.mark.parametrize("offset", range(len(FRAME)))
def test_a_frame_with_any_byte_changed_is_refused(offset: int) -> None:
    assert isinstance(_read("frame.le14", _changed(FRAME, offset, FRAME[offset] ^ 0x20)), Refusal)


@pytest.mark.parametrize("offset", [1, 2, 5, 20])
def test_a_frame_of_another_kind_is_refused_though_its_checksum_is_right(offset: int) -> None:
    other = _changed(_changed(FRAME, offset, FRAME[offset] ^ 1), 21, FRAME[21] ^ 1)
    assert isinstance(_read("frame.le14", other), Refusal)


def test_padding_beyond_the_length_of_a_frame_is_ignored() -> None:
    assert _read("frame.le14", FRAME + bytes(10)) == _read("frame.le14", FRAME)


def test_clocks_with_a_date_that_does_not_exist() -> None:
    for channel in ("clock.modern", "clock.classic"):
        assert _read(channel, bytes(14)).device_time is None
    assert _read("clock.mixed", bytes(10)).device_time is None


def test_the_seconds_of_a_clock_are_capped_too() -> None:
    clock = first("omron-clock-7382t1")
    assert _read("clock.modern", _changed(clock, 13, 61)).device_time.second == 59


def test_an_advertisement_of_four_users_and_its_flags() -> None:
    said = _read("advertisement", bytes.fromhex("0e02010f" + "010002" * 4))
    assert (len(said.users), said.clock_not_set, said.pairing_mode) == (4, True, True)
    one = _read("advertisement", bytes.fromhex("0e020104" + "010002"))
    assert (len(one.users), one.clock_not_set, one.pairing_mode) == (1, True, False)


@pytest.mark.parametrize("in_hex", ["0e03010001000200", "0e02020001000200"])
def test_another_company_or_form_is_refused(in_hex: str) -> None:
    assert isinstance(_read("advertisement", bytes.fromhex(in_hex)), Refusal)


def test_a_usb_record_with_a_wrong_checksum_or_an_unknown_unit_is_refused() -> None:
    assert isinstance(_read("hid.gme", _changed(HID, 13, HID[13] ^ 1)), Refusal)
    other_unit = _changed(_changed(HID, 6, 1), 13, HID[13] ^ 1)
    assert isinstance(_read("hid.gme", other_unit), Refusal)
    assert not isinstance(_read("hid.gme", HID), Refusal | FailedMeasurement)
