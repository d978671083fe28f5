"""Devices without management, several units, several devices, and what kind they are."""

from datetime import date

from cloud_sync.rules.audit.practice import DeviceUnit
from tests.cloud_sync.rules.audit.build import (
    asked,
    device_month,
    entry,
    lent,
    numbers,
    person,
    practice,
    who,
)


def test_two_months_in_a_row_without_rpm_time_are_unmanaged() -> None:
    cases = {
        "in a row": ("2026-01", "2026-02"),
        "with a month between": ("2026-01", "2026-03"),
        "managed": ("2026-01", "2026-02"),
        "by ccm alone": ("2026-02", "2026-03"),
    }
    time = [
        entry("managed", "2026-02-05T15:00", 5),
        entry("by ccm alone", "2026-02-05T15:00", 5, program="CCM"),
    ]
    months = [device_month(key, month) for key, which in cases.items() for month in which]
    months.append(device_month("one day", "2026-01", 1))
    facts = practice(*(person(key) for key in cases), time=time, device_months=months)
    found = asked(facts, "device_without_management")
    assert who(found) == ["by ccm alone", "in a row"]
    assert numbers(found) == [(2, 4)]
    assert [one.month for one in found.evidence] == ["2026-02", "2026-03", "2026-01", "2026-02"]


def test_before_2026_a_month_of_fifteen_days_could_earn_nothing() -> None:
    months = [device_month("a", month, 15) for month in ("2025-11", "2025-12", "2026-01")]
    facts = practice(person("a"), device_months=months, months=("2025-11", "2025-12", "2026-01"))
    assert not asked(facts, "device_without_management").flagged


def test_two_units_in_a_closed_month_are_asked_for() -> None:
    def unit(patient: str, code: str, units: int = 1) -> DeviceUnit:
        return DeviceUnit(patient_id=patient, month="2026-01", code=code, units=units)

    units = [
        unit("one", "99454"),
        unit("two", "99454"),
        unit("two", "99445"),
        unit("x", "99454", 2),
    ]
    found = asked(practice(person("one"), units=units), "several_units")
    assert [(one.patient_id, one.words) for one in found.evidence] == [
        ("two", "99454 and 99445 in 2026-01"),
        ("x", "99454 and 99454 in 2026-01"),
    ]
    assert numbers(found) == [(2, 3)]


def test_several_devices_are_those_held_at_the_same_time() -> None:
    january, february = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
    devices = [
        lent("exchanged", "cuff 1", *january),
        lent("exchanged", "cuff 2", *february),
        lent("both", "cuff", *january),
        lent("both", "meter", date(2026, 1, 31), date(2026, 3, 1)),
        lent("test unit", "cuff", *january),
        lent("test unit", "bench cuff", *january, test=True),
    ]
    found = asked(practice(person("both"), lent=devices), "several_devices")
    assert [(one.patient_id, one.words) for one in found.evidence] == [
        ("both", "2 at once: cuff, meter")
    ]
    assert numbers(found) == [(1, 3)]


def test_what_does_not_send_by_itself_or_is_no_medical_device_is_counted_in_readings() -> None:
    january = (date(2026, 1, 1), date(2026, 1, 31))
    devices = [
        lent("a", "cuff", *january, readings=60),
        lent("a", "paper", *january, readings=20, automatic=False),
        lent("b", "ring", *january, readings=10, fda_defined=False),
        lent("b", "unused ring", *january, readings=0, fda_defined=False),
    ]
    facts = practice(person("a"), lent=devices)
    assert (numbers(asked(facts, "typed_values")), who(asked(facts, "typed_values"))) == (
        [(20, 90)],
        ["a"],
    )
    assert (numbers(asked(facts, "not_fda_defined")), who(asked(facts, "not_fda_defined"))) == (
        [(10, 90)],
        ["b"],
    )
