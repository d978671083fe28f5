"""A second reading of four layouts, written from the specification's tables and sharing no code
with the decoders: whole-payload integer arithmetic, and numbers as exact fractions.

Each function takes a payload that is long enough and gives fields, or None where the layout makes
a number impossible. It knows the bytes only; the rules of meaning have tables of their own.
"""

from fractions import Fraction

SPECIAL = {0x07FE, 0x07FF, 0x0800, 0x0801, 0x0802}


def sfloat(word: int) -> Fraction | None:
    """None for a special word."""
    if word in SPECIAL:
        return None
    mantissa = (word & 0x0FFF) ^ 0x0800
    exponent = (word >> 12) ^ 0x8
    return Fraction(mantissa - 0x0800) * Fraction(10) ** (exponent - 0x8)


def float32(word: int) -> Fraction | None:
    if word in {0x007FFFFE, 0x007FFFFF, 0x00800000, 0x00800001, 0x00800002}:
        return None
    mantissa = (word & 0x00FFFFFF) ^ 0x00800000
    exponent = (word >> 24) ^ 0x80
    return Fraction(mantissa - 0x00800000) * Fraction(10) ** (exponent - 0x80)


def word(payload: bytes, at: int) -> int:
    return payload[at] + 256 * payload[at + 1]


def blood_pressure(payload: bytes) -> dict[str, object]:
    """Offsets computed from the flags: 7, then 7 for b1, 2 for b2, 1 for b3, 2 for b4."""
    b = [payload[0] >> n & 1 for n in range(8)]
    pulse_at = 7 + 7 * b[1]
    user_at = pulse_at + 2 * b[2]
    status_at = user_at + b[3]
    return {
        "size": status_at + 2 * b[4],
        "unit": ["mmHg", "kPa"][b[0]],
        "systolic": sfloat(word(payload, 1)),
        "diastolic": sfloat(word(payload, 3)),
        "mean": sfloat(word(payload, 5)),
        "time": payload[7:14] if b[1] else None,
        "pulse": sfloat(word(payload, pulse_at)) if b[2] else None,
        "user": payload[user_at] if b[3] else None,
        "status": word(payload, status_at) if b[4] else 0,
    }


def glucose(payload: bytes) -> dict[str, object]:
    """10, then 2 for b0, 3 for b1, 2 for b3; kg/L x 10^5 is mg/dL, mol/L x 10^3 is mmol/L."""
    b = [payload[0] >> n & 1 for n in range(8)]
    value_at = 10 + 2 * b[0]
    status_at = value_at + 3 * b[1]
    offset = word(payload, 10) if b[0] else None
    number = sfloat(word(payload, value_at)) if b[1] else None
    return {
        "size": status_at + 2 * b[3],
        "sequence": word(payload, 1),
        "time": payload[3:10],
        "offset": None if offset is None else offset - (65536 if offset >= 32768 else 0),
        "special": word(payload, value_at) in SPECIAL if b[1] else False,
        "value": None if number is None else number * (1000 if b[2] else 100_000),
        "unit": ["mg/dL", "mmol/L"][b[2]] if b[1] else None,
        "type": payload[value_at + 2] % 16 if b[1] else None,
        "location": payload[value_at + 2] // 16 if b[1] else None,
        "status": word(payload, status_at) if b[3] else 0,
        "context": bool(b[4]),
    }


def temperature(payload: bytes) -> dict[str, object]:
    b = [payload[0] >> n & 1 for n in range(8)]
    return {
        "size": 5 + 7 * b[1] + b[2],
        "unit": ["Cel", "[degF]"][b[0]],
        "value": float32(word(payload, 1) + 65536 * word(payload, 3)),
        "time": payload[5:12] if b[1] else None,
        "type": payload[5 + 7 * b[1]] if b[2] else None,
    }


def weight(payload: bytes) -> dict[str, object]:
    b = [payload[0] >> n & 1 for n in range(8)]
    user_at = 3 + 7 * b[1]
    bmi_at = user_at + b[2]
    count = word(payload, 1)
    return {
        "size": bmi_at + 4 * b[3],
        "unit": ["kg", "[lb_av]"][b[0]],
        "value": None if count == 65535 else Fraction(count, 100 if b[0] else 200),
        "time": payload[3:10] if b[1] else None,
        "user": payload[user_at] if b[2] else None,
        "bmi": Fraction(word(payload, bmi_at), 10) if b[3] else None,
        "height": Fraction(word(payload, bmi_at + 2), 10 if b[0] else 1000) if b[3] else None,
    }
