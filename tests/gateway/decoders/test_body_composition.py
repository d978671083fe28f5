from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode

# Every field but the packets: fat 21.3 %, time, user 2, then a different number in each field.
FULL = (
    "fe0f" + "d500" + "ea070b18090507" + "02" + "701b" + "9401"
    "a00f" + "6810" + "d82e" + "1027" + "0a13" + "803e" + "2607"
)


def test_every_field_in_bit_order() -> None:
    said: Any = decode("2A9C", bytes.fromhex(FULL))
    names = [
        "fat_percent",
        "basal_metabolism_kj",
        "muscle_percent",
        "muscle_mass",
        "fat_free_mass",
        "soft_lean_mass",
        "body_water_mass",
        "impedance_ohm",
        "weight",
        "height",
    ]
    assert [str(getattr(said, name)) for name in names] == [
        "21.3", "7024", "40.4", "20.000", "21.000", "59.960", "50.000", "487.4", "80.000", "1.830",
    ]  # fmt: skip
    assert (said.user, said.unit, said.flags) == (2, "kg", ())
    assert said.device_time.isoformat() == "2026-11-24T09:05:07"


def test_cut_at_every_byte() -> None:
    for size in range(len(FULL) // 2):
        assert isinstance(decode("2A9C", bytes.fromhex(FULL[: 2 * size])), Refusal), size


def test_imperial_units() -> None:
    said: Any = decode("2A9C", bytes.fromhex("010c" + "d500" + "e443" + "bc02"))
    assert (str(said.weight), str(said.height), said.unit) == ("173.80", "70.0", "[lb_av]")


@pytest.mark.parametrize(
    "in_hex",
    [
        "0010d500",  # spread over packets
        "00000000",  # fat 0: a placeholder
        "0000e903",  # fat 100.1 %
        "0004d5000000",  # weight 0
    ],
)
def test_what_is_no_composition_is_refused(in_hex: str) -> None:
    assert isinstance(decode("2A9C", bytes.fromhex(in_hex)), Refusal)


def test_unsuccessful_is_a_failed_attempt_and_an_absent_mass_is_absent() -> None:
    failed = decode("2A9C", bytes.fromhex("0400ffff03"))
    assert isinstance(failed, FailedMeasurement)
    assert (failed.of, failed.user) == ("body_composition", 3)
    said: Any = decode("2A9C", bytes.fromhex("2000d500ffff"))
    assert said.muscle_mass is None


def test_an_implausible_weight_is_marked() -> None:
    said: Any = decode("2A9C", bytes.fromhex("0004d5002c01"))
    assert (str(said.weight), said.flags) == ("1.500", ("implausible",))
