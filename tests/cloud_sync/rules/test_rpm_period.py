from cloud_sync.rules.counts import counted
from cloud_sync.rules.rpm_period import period_facts
from cloud_sync.rules.tables import BUNDLED
from tests.spec.cases import case, determination, reading_days


def test_a_period_knows_the_rules_of_both_its_ends() -> None:
    found = case(reading_days=[reading_days("2025-12-20", 40)])
    first, second = period_facts(counted(found, BUNDLED))
    assert first.table is not None
    assert first.at_first is not None
    assert (first.at_first.id, first.table.id) == ("rpm-2020", "rpm-2026")
    assert second.at_first == second.table


def test_a_line_carries_both_counts_and_its_dates() -> None:
    found = determination(reading_days=[reading_days("2026-02-02", 2)])
    assert found["lines"][0]["evidence"] == {
        "days": 2,
        "days_measured": 2,
        "days_received": 2,
        "dates": ["2026-02-02", "2026-02-03"],
    }


def test_an_episode_that_ends_with_its_period_ends_in_time() -> None:
    for end, reasons in (("2026-03-03", []), ("2026-03-02", ["episode_ended_in_period"])):
        found = determination(
            episodes=[{"program": "RPM", "start": "2026-02-02", "end": end}],
            reading_days=[reading_days("2026-02-02", 16)],
        )
        [line] = [line for line in found["lines"] if line["code"] == "99454"]
        assert line["reasons"] == reasons


def test_where_periods_are_fixed_any_episode_that_ends_inside_counts() -> None:
    found = determination(
        settings={"period_start": "calendar_month"},
        episodes=[
            {"program": "RPM", "start": "2026-02-01", "end": "2026-02-10"},
            {"program": "RPM", "start": "2026-02-15"},
        ],
        reading_days=[reading_days("2026-02-01", 28)],
    )
    [line] = [line for line in found["lines"] if line["code"] == "99454"]
    assert (line["evidence"]["days"], line["reasons"]) == (24, ["episode_ended_in_period"])
