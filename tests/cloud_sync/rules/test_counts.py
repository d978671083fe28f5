from typing import Any

from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.counts import TimeIn, counted, notices, when
from cloud_sync.rules.tables import BUNDLED
from tests.spec.cases import case, entry

JANUARY = month_named("2026-01")


def time_in(**keys: Any) -> TimeIn:
    late = entry(
        "2026-01-20T15:00:00Z",
        "2026-01-20T15:08:30Z",
        "CCM",
        entered_at="2026-01-30T00:00:00Z",
    )
    timely = entry("2026-01-21T15:00:00Z", "2026-01-21T15:12:45Z", "CCM")
    counts = counted(case(time=[late, timely], **keys), BUNDLED)
    return TimeIn(counts=counts, program="CCM", span=JANUARY)


def test_full_minutes_of_the_entries_that_are_kept() -> None:
    time = time_in()
    assert time.minutes() == 21
    assert time.minutes(time.counts.time.without("late_entry")) == 12


def test_a_remark_matters_where_fewer_units_would_be_earned() -> None:
    time = time_in()
    assert time.needs(1, lambda keep: int(time.minutes(keep) >= 20)) == {"late_entry"}
    assert time.needs(1, lambda keep: int(time.minutes(keep) >= 10)) == set()


def test_an_excuse_is_what_was_left_out_or_not_on_file() -> None:
    assert time_in().excuses() == set()
    assert time_in(consents=[]).excuses() == {"consent_missing"}
    stays = [{"kind": "snf", "from": "2026-01-20", "to": "2026-01-20"}]
    assert time_in(stays=stays).excuses() == {"institutional_stay"}


def test_a_notice_counts_what_it_applies_to() -> None:
    found = notices({"vague_note": 1, "late_entry": 2}, JANUARY, "CCM", ("entry", "entries"))
    assert [notice.detail.split(".")[0] for notice in found] == ["1 entry", "2 entries"]
    assert found[0].plain()["program"] == "CCM"


def test_when() -> None:
    assert when(True, "late_entry") == {"late_entry"}
    assert when(False, "late_entry") == set()
