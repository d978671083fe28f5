from datetime import date

import msgspec
import pytest

from cloud_sync.rules import shape


def test_an_entrys_left_out_keys_mean_what_the_format_says() -> None:
    consent = msgspec.convert({"program": "RPM", "given_on": "2026-01-01"}, shape.Consent)
    assert (consent.mode, consent.documented, consent.practitioner) == ("written", True, "P1")
    device = msgspec.convert({"id": "D1"}, shape.Device)
    assert (device.fda_defined, device.automatic, device.test) == (True, True, False)
    plan = msgspec.convert({"on": "2026-01-01"}, shape.CarePlan)
    assert (plan.shared_with_patient, plan.substantially_revised) == (True, False)
    condition = msgspec.convert({"icd10": "I10"}, shape.Condition)
    assert (condition.expected_months, condition.risk) == (0, False)


def test_settings_have_the_documented_defaults() -> None:
    settings = shape.Settings()
    assert settings.time_zone == "America/Denver"
    assert settings.period_start == "first_reading"
    assert settings.day_rule == "measured"
    assert settings.late_receipt_days == 3
    assert settings.rpm_contact_required
    assert settings.ccm_consent == "documented"
    assert settings.late_entry_hours == 48


def test_a_stay_is_written_from_and_to() -> None:
    stay = msgspec.convert({"kind": "snf", "from": "2026-01-01", "to": "2026-01-02"}, shape.Stay)
    assert (stay.first, stay.last) == (date(2026, 1, 1), date(2026, 1, 2))


def test_absent_and_null_stay_apart() -> None:
    assert msgspec.convert({}, shape.Patient).established_on is msgspec.UNSET
    assert msgspec.convert({"established_on": None}, shape.Patient).established_on is None


@pytest.mark.parametrize("kind", [shape.Consent, shape.Device, shape.TimeEntry, shape.CaseFile])
def test_unknown_keys_are_errors(kind: type) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({"surprise": 1}, kind)
