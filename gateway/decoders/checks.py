"""Checksums of the serial and vendor frames. A wrong one refuses the frame."""

from functools import reduce
from operator import xor


def xor_of(data: bytes) -> int:
    """All bytes combined by exclusive or."""
    return reduce(xor, data, 0)


def sum_of(data: bytes, bits: int = 8) -> int:
    """All bytes added, cut to `bits`."""
    return sum(data) & ((1 << bits) - 1)


def crc8(data: bytes) -> int:
    """Polynomial 07, started from 0."""
    remainder = 0
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x07 if remainder & 0x80 else 0)) & 0xFF
    return remainder


def crc16_ccitt(data: bytes) -> int:
    """Polynomial 1021, started from FFFF, most significant bit first."""
    remainder = 0xFFFF
    for byte in data:
        remainder ^= byte << 8
        for _ in range(8):
            remainder = (remainder << 1 ^ (0x1021 if remainder & 0x8000 else 0)) & 0xFFFF
    return remainder
