from typing import Any

from tests.spec.cases import codes, determination, entry, lines, reading_days, reasons, reviews

DOCTOR = {"staff": "P1"}


def test_a_month_has_one_device_line_whatever_the_devices() -> None:
    found = determination(
        devices=[{"id": name} for name in ("D1", "D2", "D3")],
        reading_days=[reading_days("2026-02-02", 16, name) for name in ("D1", "D2", "D3")],
    )
    assert lines(found) == ["99454 x1 billable"]


def analysed(minutes: int = 30, **keys: Any) -> dict[str, Any]:
    work = entry("2026-02-10T15:00:00Z", f"2026-02-10T15:{minutes:02}:00Z", staff="P1", mode="none")
    return determination(
        **({"reading_days": [reading_days("2026-02-02", 1)], "time": [work]} | keys)
    )


def test_a_practitioners_half_hour_on_the_data() -> None:
    assert codes(analysed()) == ["99091"]
    assert codes(analysed(29)) == []
    assert reasons(analysed(29), "99091") == set()


def test_it_yields_to_a_time_code_of_a_month_it_touches() -> None:
    in_march = entry("2026-03-02T15:00:00Z", "2026-03-02T15:25:00Z", interactive=True)
    work = entry("2026-02-10T15:00:00Z", "2026-02-10T15:30:00Z", staff="P1")
    found = analysed(
        time=[work, in_march],
        reading_days=[reading_days("2026-02-02", 1), reading_days("2026-03-05", 1)],
    )
    assert codes(found) == ["99457"]
    assert reasons(found, "99091") == {"excluded_by_code"}


def test_staff_minutes_are_not_the_practitioners() -> None:
    work = entry("2026-02-10T15:00:00Z", "2026-02-10T15:45:00Z")
    assert codes(analysed(time=[work])) == []


def test_late_analysis_needs_a_person() -> None:
    work = entry(
        "2026-02-10T15:00:00Z",
        "2026-02-10T15:35:00Z",
        staff="P1",
        entered_at="2026-03-10T15:00:00Z",
    )
    assert reviews(analysed(time=[work]), "99091") == {"late_entry"}


def test_a_period_without_a_usable_reading_has_nothing_to_analyse() -> None:
    found = analysed(reading_days=[reading_days("2026-02-02", 1, source="manual")])
    assert reviews(found, "99091") == {"no_readings_managed"}
