"""Omron: memory records, read replies, clock blocks, advertisement and the HEM-790IT over USB.

Layouts: userx14/omblepy, eigger/hass-omron, StanfordSpezi/SpeziDevices, openyou/libomron.
"""

from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.readings import (
    BloodPressure,
    DeviceAdvertisement,
    DeviceClock,
    FailedMeasurement,
    UserRecords,
)
from gateway.decoders.checks import xor_of
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints
from gateway.decoders.kinds import PressureClaim, judge_pressure
from gateway.decoders.times import moment, read_short_date

_SYSTOLIC_BASE = 25
_EMPTY_ABOVE = 0xE1
_COMPANY = b"\x0e\x02"
_RECORD_SIZE = 14
_FRAME_OVERHEAD = 8
_READ_REPLY = b"\x81\x00"
_UNIT_MMHG = 0


def _pressure(
    numbers: tuple[int, int, int],
    marks: tuple[int, int],
    time: datetime | None,
    sequence: int | None = None,
) -> BloodPressure | FailedMeasurement:
    """From (systolic, diastolic, pulse) and the marks (movement, irregular pulse)."""
    systolic, diastolic, pulse = map(Decimal, numbers)
    names = ("body_movement", "irregular_pulse")
    return judge_pressure(
        PressureClaim(
            systolic=systolic,
            diastolic=diastolic,
            pulse=pulse,
            flags=tuple(name for name, is_set in zip(names, marks, strict=True) if is_set),
            device_time=time,
            sequence=sequence,
        )
    )


def _capped(second: int) -> int:
    """Six bits hold 60 to 63 too; the cuffs mean 59 by them."""
    return 59 if 60 <= second <= 63 else second


def record_le14(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """Fourteen bytes. The sum in byte 12 is informative: some models leave it out."""
    record = cursor.take(_RECORD_SIZE, "record")
    return _little_endian(record, sequence=int.from_bytes(record[10:12], "little"))


def record_le16(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """Sixteen bytes, the first eight as in the shorter record; no record number is known."""
    return _little_endian(cursor.take(16, "record"), sequence=None)


def _little_endian(record: bytes, sequence: int | None) -> BloodPressure | FailedMeasurement:
    if record[0] > _EMPTY_ABOVE or not any(record[1:8]):
        refuse("an empty memory slot", "systolic", 0)
    date = int.from_bytes(record[4:6], "little")
    clock = int.from_bytes(record[6:8], "little")
    time = moment(
        (2000 + (record[3] & 0x3F), date >> 10 & 0x0F, date >> 5 & 0x1F),
        (date & 0x1F, clock >> 6 & 0x3F, _capped(clock & 0x3F)),
    )
    numbers = (record[0] + _SYSTOLIC_BASE, record[1], record[2])
    return _pressure(numbers, (date >> 15 & 1, date >> 14 & 1), time, sequence)


def record_be14(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """HEM-7322T, HEM-7600T: four bytes, then one big-endian word packed from the top."""
    record = cursor.take(_RECORD_SIZE, "record")
    diastolic, systolic, year, pulse = record[:4]
    if systolic > _EMPTY_ABOVE or not (diastolic or any(record[2:8])):
        refuse("an empty memory slot", "systolic", 1)
    word = int.from_bytes(record[4:8], "big")
    time = moment(
        (2000 + year, word >> 26 & 0x0F, word >> 21 & 0x1F),
        (word >> 16 & 0x1F, word >> 6 & 0x3F, _capped(word & 0x3F)),
    )
    numbers = (systolic + _SYSTOLIC_BASE, diastolic, pulse)
    return _pressure(numbers, (word >> 31, word >> 30 & 1), time)


def frame_le14(cursor: Cursor, hints: Hints) -> BloodPressure | FailedMeasurement:
    """A whole read reply around one record; bytes beyond its length are padding."""
    length = cursor.u8("length")
    if length != _RECORD_SIZE + _FRAME_OVERHEAD:
        refuse("not the length of a reply with one record", "length", 0)
    frame = bytes((length,)) + cursor.take(length - 1, "frame")
    if xor_of(frame) != 0:
        refuse("wrong checksum", "checksum", length - 1)
    if frame[1:3] != _READ_REPLY or frame[5] != _RECORD_SIZE or frame[-2] != 0:
        refuse("not a read reply with one record", "header", 1)
    return record_le14(Cursor(frame[6:-2]), hints)


def clock_modern(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """Bytes 8 to 13: year, month, day, hour, minute, second."""
    cursor.take(8, "settings")
    year, month, day, hour, minute, second = cursor.take(6, "device_time")
    return DeviceClock(
        device_time=moment((2000 + year, month, day), (hour, minute, _capped(second)))
    )


def clock_classic(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """Bytes 8 to 13: month, year, hour, day, second, minute."""
    cursor.take(8, "settings")
    return _classic(cursor)


def clock_mixed(cursor: Cursor, _hints: Hints) -> DeviceClock:
    """Bytes 2 to 7 in the classic order. The sum at the end is informative, as in the records."""
    cursor.take(2, "settings")
    clock = _classic(cursor)
    cursor.take(2, "checksum")
    return clock


def _classic(cursor: Cursor) -> DeviceClock:
    month, year, hour, day, second, minute = cursor.take(6, "device_time")
    return DeviceClock(
        device_time=moment((2000 + year, month, day), (hour, minute, _capped(second)))
    )


def advertisement(cursor: Cursor, _hints: Hints) -> DeviceAdvertisement:
    """Manufacturer data from the company on: new records are visible without connecting."""
    if cursor.take(2, "company") != _COMPANY:
        refuse("not this maker's company identifier", "company", 0)
    if cursor.u8("form") != 1:
        refuse("a form of advertisement that is not known", "form", 2)
    state = cursor.u8("flags")
    users = tuple(_user_records(cursor) for _ in range((state & 0x03) + 1))
    return DeviceAdvertisement(
        users=users, clock_not_set=bool(state & 0x04), pairing_mode=bool(state & 0x08)
    )


def _user_records(cursor: Cursor) -> UserRecords:
    return UserRecords(sequence=cursor.u16("sequence"), records=cursor.u8("records"))


def hid_gme(cursor: Cursor, _hints: Hints) -> BloodPressure | FailedMeasurement:
    """HEM-790IT over USB: the answer to GME. Its status word is not decoded: nobody knows it."""
    record = cursor.take(_RECORD_SIZE, "record")
    if xor_of(record) != 0:
        refuse("wrong checksum", "checksum", _RECORD_SIZE - 1)
    if record[6] != _UNIT_MMHG:
        refuse("a unit that is not known", "unit", 6)
    numbers = (int.from_bytes(record[7:9], "big"), record[9], record[10])
    return _pressure(numbers, (0, 0), read_short_date(Cursor(record)))
