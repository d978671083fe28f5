import json
from datetime import datetime
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import observation, readings
from cloud_sync.contract.canonical import canonical
from cloud_sync.contract.observation import ClockError, Frame, Observation, Received
from cloud_sync.contract.readings import BloodPressure, Glucose, Outcome, PulseOximetry, Refusal

HUB, OTHER_HUB = "1" * 32, "2" * 32
TAKEN = datetime(2026, 3, 4, 9, 31, 45)  # noqa: DTZ001  a device's clock has no zone


def frame(**changes: object) -> Frame:
    base = Frame(
        device="ble:f0f1f2f3f4f5",
        profile="and/ua-651ble",
        channel="2A35",
        raw=b"\x00\x01\x02",
        received=Received(wall_ms=1, boot="a" * 32, monotonic_ms=2, synchronised=True),
        arrival=1,
    )
    return msgspec.structs.replace(base, **changes)


def pressure(**changes: object) -> BloodPressure:
    base = BloodPressure(systolic=Decimal(120), diastolic=Decimal(80), unit="mmHg", flags=())
    return msgspec.structs.replace(base, **changes)


def later(boot: str = "b" * 32, arrival: int = 9) -> Frame:
    received = Received(wall_ms=99, boot=boot, monotonic_ms=98, synchronised=False)
    return frame(received=received, arrival=arrival)


def identity(hub: str, of: Frame, outcome: Outcome) -> str:
    return observation.observation_id(hub, of, outcome)


@pytest.mark.parametrize(
    "outcome",
    [
        pressure(device_time=TAKEN),
        Glucose(value=Decimal(97), unit="mg/dL", flags=(), sequence=0, base_time=TAKEN),
        Glucose(value=Decimal(97), unit="mg/dL", flags=(), sequence=7),
    ],
)
def test_a_record_keeps_its_id_over_replay_hub_and_boot(outcome: Outcome) -> None:
    assert identity(HUB, frame(), outcome) == identity(OTHER_HUB, later(), outcome)


def test_without_number_and_time_two_equal_readings_stay_two() -> None:
    first = identity(HUB, frame(), pressure())
    assert first != identity(HUB, frame(arrival=2), pressure())
    assert first != identity(HUB, later(arrival=1), pressure())
    assert first != identity(OTHER_HUB, frame(), pressure())


def test_user_device_number_time_and_bytes_each_make_another_record() -> None:
    ids = {
        identity(HUB, frame(), pressure(device_time=TAKEN)),
        identity(HUB, frame(device="ble:000000000001"), pressure(device_time=TAKEN)),
        identity(HUB, frame(raw=b"\x00"), pressure(device_time=TAKEN)),
        identity(HUB, frame(), pressure(device_time=TAKEN, user=1)),
        identity(HUB, frame(), pressure(device_time=TAKEN.replace(minute=32))),
        identity(HUB, frame(), pressure(device_time=TAKEN, sequence=3)),
    }
    assert len(ids) == 6


def test_a_users_offset_of_the_clock_does_not_make_another_glucose_record() -> None:
    # Glucose Service: base time is frozen at the measurement, the offset may be changed later.
    taken = Glucose(value=Decimal(97), unit="mg/dL", flags=(), sequence=7, base_time=TAKEN)
    moved = msgspec.structs.replace(taken, device_time=TAKEN.replace(hour=11))
    assert identity(HUB, frame(), taken) == identity(HUB, frame(), moved)


def test_the_plaintext_is_the_standard_librarys_canonical_json() -> None:
    clock = ClockError(device_time=TAKEN, wall_ms=5, written=True, read_back=TAKEN)
    seen = observation.observe(HUB, frame(clock=clock), pressure(device_time=TAKEN), 'é"\n')
    text = observation.encode(seen)
    again = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert again.encode() == text
    assert observation.decode(text) == seen


def test_a_later_versions_fields_are_ignored() -> None:
    seen = observation.observe(HUB, frame(), pressure(), "0.1.0")
    document = json.loads(observation.encode(seen))
    document["later"] = {"field": 1}
    document["outcome"]["later"] = "x"
    assert observation.decode(json.dumps(document).encode()) == seen


@given(st.binary(max_size=200))
def test_noise_is_none(noise: bytes) -> None:
    assert observation.decode(noise) is None


def test_a_device_that_sets_every_flag_never_stops_the_hub() -> None:
    flags = tuple(f"flag_number_{n:04}" for n in range(60))
    outcome = PulseOximetry(spo2=Decimal(97), unit="%", flags=flags, device_time=TAKEN)
    seen = observation.observe(HUB, frame(raw=bytes(512)), outcome, "0.1.0")
    text = observation.encode(seen)
    kept = observation.decode(text)
    assert len(text) <= 1022
    assert isinstance(kept, Observation)
    assert kept.id == seen.id
    assert kept.outcome == Refusal(reason="too_large", field="pulse_oximetry")
    assert kept.frame.raw == bytes(observation.MAX_KEPT_BYTES)


@pytest.mark.parametrize(
    ("number", "text"),
    [("36.80", "36.80"), ("1E-7", "0.0000001"), ("12E1", "120"), ("0.0", "0.0")],
)
def test_decimals_are_written_out(number: str, text: str) -> None:
    assert canonical([Decimal(number)]) == f'["{text}"]'.encode()


def test_every_kind_of_outcome_survives() -> None:
    for kind in readings.Spoken.__args__:
        assert kind.__struct_config__.tag_field == "kind"
    tags = [kind.__struct_config__.tag for kind in readings.Spoken.__args__]
    assert len(set(tags)) == len(tags)
