from decimal import Decimal
from typing import Any

import pytest

from cloud_sync.contract.readings import ControlSolution, Glucose, GlucoseContext, Refusal
from gateway.decoders import Hints, decode

HEAD = "0500ea07010f080000"  # sequence 5, 2026-01-15 08:00:00


def _read(in_hex: str) -> Any:
    return decode("2A18", bytes.fromhex(in_hex))


def test_the_type_is_the_low_nibble_and_the_location_the_high_one() -> None:
    """With equal nibbles nobody would notice the swap, so they differ here."""
    reading = _read(f"02{HEAD}6eb021")
    assert (reading.sample_type, reading.sample_location) == (
        "capillary_whole_blood",
        "alternate_site",
    )
    reading = _read(f"02{HEAD}6eb0f8")
    assert (reading.sample_type, reading.sample_location) == (
        "undetermined_plasma",
        "not_available",
    )
    reading = _read(f"02{HEAD}6eb03c")
    assert (reading.sample_type, reading.sample_location) == ("code_12", "earlobe")


@pytest.mark.parametrize("sample", ["1a", "4a", "41", "f4"])
def test_control_by_type_or_by_location_and_by_nothing_else(sample: str) -> None:
    is_control = sample != "f4"  # type 4 is venous plasma
    assert isinstance(_read(f"02{HEAD}6eb0{sample}"), ControlSolution if is_control else Glucose)


def test_bit_1_is_the_presence_and_bit_2_the_unit() -> None:
    assert _read(f"02{HEAD}6eb011").unit == "mg/dL"
    assert _read(f"06{HEAD}3bc011").unit == "mmol/L"
    absent = _read(f"04{HEAD}")
    assert (absent.of, absent.unit, absent.sample_type) == ("glucose", None, None)


def test_mol_per_litre_gets_no_digit_the_meter_did_not_send() -> None:
    assert str(_read(f"06{HEAD}3dc011").value) == "6.1"


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ("fe07", ("above_range",)),
        ("0208", ("below_range",)),
    ],
)
def test_an_infinity_sets_its_flag_without_the_status_bit(
    words: str, flags: tuple[str, ...]
) -> None:
    reading = _read(f"02{HEAD}{words}11")
    assert isinstance(reading, Glucose)
    assert (reading.value, reading.flags) == (None, flags)


def test_an_infinity_keeps_its_place_among_the_status_flags() -> None:
    assert _read(f"0a{HEAD}fe07110108").flags == ("battery_low", "above_range", "time_fault")


def test_status_names_in_bit_order() -> None:
    flags = _read(f"0a{HEAD}6eb011ffff").flags
    assert flags == (
        "battery_low",
        "sensor_malfunction",
        "sample_insufficient",
        "strip_insertion_error",
        "strip_type_incorrect",
        "above_range",
        "below_range",
        "temperature_too_high",
        "temperature_too_low",
        "strip_removed_early",
        "general_fault",
        "time_fault",
    )


@pytest.mark.parametrize("overrun", ["ff7f", "0080"])
def test_an_overrun_offset_makes_the_time_unknown(overrun: str) -> None:
    reading = _read(f"03{HEAD}{overrun}6eb011")
    assert (reading.time_offset_minutes, reading.device_time) == (None, None)
    assert reading.base_time.isoformat() == "2026-01-15T08:00:00"
    assert reading.value == 110


def test_an_unknown_base_time_leaves_the_rest() -> None:
    reading = _read("0305000000010f0800003c006eb011")
    assert (reading.base_time, reading.device_time) == (None, None)
    assert (reading.time_offset_minutes, reading.value) == (60, 110)


def test_a_context_with_everything_in_it() -> None:
    context = bytes.fromhex("ff0700" + "aa" + "0214c0" + "04" + "23" + "2c0146" + "0312c0" + "41f0")
    assert decode("2A34", context + b"\x01") == GlucoseContext(
        sequence=7,
        carbohydrate="lunch",
        carbohydrate_kg=Decimal("0.0020"),
        meal="casual",
        tester="laboratory",
        health="major_issues",
        exercise_seconds=300,
        exercise_percent=70,
        medication="intermediate",
        hba1c_percent=Decimal("6.5"),
    )
    for size in range(len(context)):
        assert isinstance(decode("2A34", context[:size]), Refusal), size


def test_codes_outside_their_lists_and_absent_numbers_of_a_context() -> None:
    context = bytes.fromhex("5f0700" + "08ff07" + "06" + "67" + "ffff46" + "060000" + "0008")
    said = decode("2A34", context)
    assert isinstance(said, GlucoseContext)
    assert (said.carbohydrate, said.carbohydrate_kg) == ("code_8", None)
    assert (said.meal, said.tester, said.health) == ("code_6", "code_7", "code_6")
    assert (said.exercise_seconds, said.exercise_percent) == (None, 70)
    assert (said.medication, said.hba1c_percent) == ("code_6", None)


def test_the_ketone_meal_is_a_hint() -> None:
    payload = bytes.fromhex("02040006")
    assert decode("2A34", payload) == GlucoseContext(sequence=4, meal="code_6")
    named = decode("2A34", payload, Hints(ketone_meal=6))
    assert named == GlucoseContext(sequence=4, meal="ketone")


def test_a_negative_amount_refuses_the_context() -> None:
    assert isinstance(decode("2A34", bytes.fromhex("01070001ffcf")), Refusal)
