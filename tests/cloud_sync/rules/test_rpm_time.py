from tests.spec.cases import codes, determination, entry, lines, reading_days, reasons, reviews

CALL = entry("2026-01-14T15:00:00Z", "2026-01-14T15:25:00Z", interactive=True)


def test_a_month_without_an_rpm_entry_has_nothing_in_question() -> None:
    found = determination(
        reading_days=[reading_days("2026-01-05", 16)],
        time=[entry("2026-01-14T15:00:00Z", "2026-01-14T15:25:00Z", "other")],
    )
    assert codes(found) == ["99454"]
    assert reasons(found, "99457") == set()


def test_time_without_a_usable_reading_in_the_month_needs_a_person() -> None:
    february = determination(reading_days=[reading_days("2026-02-02", 1)], time=[CALL])
    assert reviews(february, "99457") == {"no_readings_managed"}
    typed = determination(
        reading_days=[reading_days("2026-01-05", 1, source="manual")], time=[CALL]
    )
    assert reviews(typed, "99457") == {"no_readings_managed"}


def test_an_open_month_is_held() -> None:
    found = determination(
        "2026-01-20T00:00:00Z", reading_days=[reading_days("2026-01-05", 1)], time=[CALL]
    )
    assert lines(found) == ["99457 x1 held"]
    assert reasons(found, "99458") == {"minutes_below_threshold", "period_open"}


def test_minutes_before_the_order_do_not_count() -> None:
    found = determination(
        orders=[{"program": "RPM", "ordered_on": "2026-01-15"}],
        reading_days=[reading_days("2026-01-05", 1)],
        time=[CALL],
    )
    assert codes(found) == []
    assert reasons(found, "99457") == {
        "minutes_below_threshold",
        "no_interactive_contact",
        "order_missing",
    }
