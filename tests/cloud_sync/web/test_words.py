"""What the pages say."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from cloud_sync.contract import readings as r
from cloud_sync.ledger import readings
from cloud_sync.web import words
from tests.support.seeded import ZONE, Seeded


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (
            r.BloodPressure(
                systolic=Decimal("17.9"), diastolic=Decimal("11.0"), unit="kPa", flags=()
            ),
            "17.9/11.0 kPa",
        ),
        (r.Glucose(value=Decimal("5.50"), unit="mmol/L", flags=()), "5.50 mmol/L"),
        (r.Glucose(value=None, unit="mg/dL", flags=("above_range",)), "HIGH"),
        (r.Glucose(value=None, unit="mg/dL", flags=("below_range",)), "LOW"),
        (r.Temperature(value=Decimal("36.80"), unit="Cel", flags=()), "36.80 °C"),
        (r.Weight(value=Decimal(180), unit="[lb_av]", flags=()), "180 lb"),
        (r.PulseOximetry(spo2=Decimal(97), unit="%", flags=()), "97 %"),
        (r.FailedMeasurement(of="blood_pressure", flags=()), "no value (blood pressure)"),
        (r.BodyComposition(fat_percent=Decimal("21.5"), unit="kg"), "21.5 % fat"),
        (r.Ketone(raw_value=Decimal(6), analyte="ketone"), "6 (as sent)"),
    ],
)
def test_values_keep_unit_and_digits(outcome: r.Outcome, text: str) -> None:
    assert words.value(outcome) == text


def test_flags_are_sentences_not_codes() -> None:
    seen = r.Weight(value=Decimal(1), unit="kg", flags=("implausible", "some_new_flag"))
    assert words.flags(seen) == ["implausible value: check with the patient", "some new flag"]


@pytest.mark.parametrize(
    ("seconds", "text", "running"),
    [
        (7, "7 s", "0:07"),
        (61, "1 min 1 s", "1:01"),
        (1199, "19 min", "19:59"),
        (3600, "1 h 0 min", "1:00:00"),
        (200_000, "2 days", "2 days, 7:33:20"),
    ],
)
def test_lengths_of_time(seconds: int, text: str, running: str) -> None:
    assert words.duration(seconds) == text
    assert words.stopwatch(seconds) == running


def test_nineteen_minutes_fifty_nine_are_not_twenty() -> None:
    assert words.minutes(19 * 60 + 59) == 19


def test_the_zone_is_named_as_of_its_season() -> None:
    summer, winter = 1_782_000_000_000, 1_795_500_000_000
    assert words.zone_name(summer, ZONE) == "MDT (America/Denver)"
    assert words.zone_name(winter, ZONE) == "MST (America/Denver)"
    assert words.moment(None, ZONE) == "unknown"


def test_the_clock_note_says_how_wrong_the_device_was(clinic: Seeded) -> None:
    with clinic.store.read() as db:
        seen = readings.of_patient(db, clinic.patient)[0]
    assert words.clock_note(seen, ZONE) == "✓ clocks agree"
    clock = seen.frame.clock
    assert clock is not None
    assert isinstance(clock.device_time, datetime)
    for minutes, text in ((7, "device clock 7 min fast"), (-90, "device clock 1 h 30 min slow")):
        wrong = clock.device_time + timedelta(minutes=minutes)
        changed = structs_replace(seen, wrong)
        assert words.clock_note(changed, ZONE) == f"{text}, set right by the hub"
    lost = replace(seen, measured_at_ms=None)
    assert words.clock_note(lost, ZONE) == "time of measurement unknown"
    vague = replace(seen, local_day=None)
    assert words.clock_note(vague, ZONE) == "time too uncertain to name the day"


def structs_replace(seen: readings.Seen, device_time: datetime) -> readings.Seen:
    from msgspec import structs

    assert seen.frame.clock is not None
    clock = structs.replace(seen.frame.clock, device_time=device_time)
    return replace(seen, frame=structs.replace(seen.frame, clock=clock))
