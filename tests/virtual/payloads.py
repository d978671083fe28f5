"""Measurement payloads as devices send them, built from the GATT Specification Supplement.

Written apart from the gateway's decoders on purpose: neither may borrow from the other.
"""

from datetime import datetime

NAN = 0x07FF
TYPE_UNDETERMINED_WHOLE_BLOOD = 7
LOCATION_NOT_AVAILABLE = 15


def sfloat(mantissa: int, exponent: int = 0) -> bytes:
    """IEEE 11073-20601 SFLOAT: 4 bits of decimal exponent above 12 bits of mantissa."""
    assert -2045 <= mantissa <= 2045
    assert -8 <= exponent <= 7
    return ((exponent & 0xF) << 12 | (mantissa & 0xFFF)).to_bytes(2, "little")


def date_time(moment: datetime | None) -> bytes:
    """Date Time (2A08); zeros where the device does not know."""
    if moment is None:
        return bytes(7)
    fields = (moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return moment.year.to_bytes(2, "little") + bytes(fields)


def read_date_time(value: bytes) -> datetime | None:
    """What a device makes of a written Date Time; None where a field is out of range."""
    if len(value) != 7:
        return None
    year = int.from_bytes(value[:2], "little")
    try:
        return datetime(year, *value[2:])  # noqa: DTZ001 - a device's clock has no zone
    except ValueError:
        return None


def blood_pressure(systolic: int, diastolic: int, pulse: int, when: datetime | None) -> bytes:
    """2A35 as this kind of cuff sends it: mmHg, time (bit 1), pulse (bit 2), status (bit 4)."""
    flags = 0b1_0110 if when else 0b1_0100
    mean = diastolic + (systolic - diastolic) // 3
    pressures = sfloat(systolic) + sfloat(diastolic) + sfloat(mean)
    stamp = date_time(when) if when else b""
    return bytes([flags]) + pressures + stamp + sfloat(pulse) + bytes(2)


def failed_pressure(when: datetime) -> bytes:
    """2A35 after an error: every value is not a number, no status bit is set."""
    gone = NAN.to_bytes(2, "little")
    return bytes([0b1_0110]) + gone * 3 + date_time(when) + gone + bytes(2)


def glucose(sequence: int, when: datetime, mg_dl: int, *, context_follows: bool) -> bytes:
    """2A18: offset (bit 0), concentration in kg/L (bit 1), context follows (bit 4)."""
    flags = 0b0_0011 | context_follows << 4
    sample = LOCATION_NOT_AVAILABLE << 4 | TYPE_UNDETERMINED_WHOLE_BLOOD
    head = bytes([flags]) + sequence.to_bytes(2, "little") + date_time(when)
    return head + (0).to_bytes(2, "little", signed=True) + sfloat(mg_dl, -5) + bytes([sample])


def glucose_context(sequence: int, meal: int) -> bytes:
    """2A34 with a meal (bit 1) only."""
    return bytes([0b10]) + sequence.to_bytes(2, "little") + bytes([meal])
