"""Copied notes, late and round entries, months that just reach, and days that cannot be."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud_sync.rules.audit.finding import Finding
from cloud_sync.rules.audit.practice import WorkedTime
from tests.cloud_sync.rules.audit.build import asked, entry, numbers, person, practice

COPIED = "Reviewed 4 readings, all within range, no change of the plan today"


def answer(key: str, time: list[WorkedTime]) -> Finding:
    people = {one.patient_id for one in time}
    return asked(practice(*(person(one) for one in sorted(people)), time=time), key)


def test_a_note_copied_over_three_patients_is_found_with_other_numbers_in_it() -> None:
    notes = [COPIED, COPIED.replace("4", "11"), COPIED.upper()]
    time = [entry(f"p{n}", f"2026-01-0{n + 1}T15:00", 9, note=note) for n, note in enumerate(notes)]
    found = answer("cloned_notes", [*time, entry("q", "2026-01-05T15:00", 9)])
    assert numbers(found) == [(3, 4)]
    assert [one.entry_id for one in found.evidence] == [one.id for one in time]
    assert not answer("cloned_notes", time[:2]).flagged  # two alike are no habit yet


def test_the_same_text_month_after_month_is_a_copy_too_but_not_within_one_month() -> None:
    across = [entry("p", f"2026-0{m}-02T15:00", 9, note=COPIED) for m in (1, 2, 3)]
    within = [entry("p", f"2026-01-0{d}T15:00", 9, note=COPIED) for d in (1, 2, 3)]
    assert answer("cloned_notes", across).flagged
    assert not answer("cloned_notes", within).flagged


def test_one_activity_for_a_group_is_one_note() -> None:
    group = [entry(f"p{n}", "2026-01-02T15:00", 9, note=COPIED, patients=3) for n in range(3)]
    assert not answer("cloned_notes", group).flagged


def test_late_entries_are_a_share() -> None:
    def with_late(number: int) -> Finding:
        time = [entry("p", f"2026-01-{d:02}T15:00", 9) for d in range(1, 21)]
        for at in range(number):
            late = time[at].end + timedelta(hours=48, seconds=1)
            time[at] = replace(time[at], entered_at=late, measured=False)
        return answer("late_entries", time)

    assert (with_late(1).flagged, with_late(2).flagged) == (False, True)
    assert numbers(with_late(2)) == [(2, 20), (2, 20)]
    assert with_late(2).evidence[0].words == "typed in, entered 48 h 0 min after its end"


def test_each_typed_entry_stands_behind_its_figure_once() -> None:
    time = [entry("p", f"2026-01-0{d}T15:00", 9, measured=d > 2) for d in range(1, 6)]
    late = replace(time[0], entered_at=time[0].end + timedelta(days=3))
    found = answer("late_entries", [late, *time[1:]])
    assert numbers(found) == [(1, 5), (2, 5)]
    assert [one.entry_id for one in found.evidence] == [late.id, time[1].id]


@pytest.mark.parametrize(
    ("minutes", "program", "just"),
    [(20, "RPM", 1), (21.9, "RPM", 1), (22, "RPM", 0), (10, "RPM", 1), (9.9, "RPM", None),
     (40, "RPM", 1), (59.9, "RPM", 0), (10, "CCM", None), (20, "CCM", 1), (41, "CCM", 1)],
)  # fmt: skip
def test_what_just_reaches_a_threshold(minutes: float, program: str, just: int | None) -> None:
    found = answer("just_reached", [entry("p", "2026-01-02T15:00", minutes, program=program)])
    assert numbers(found) == [(0, 0) if just is None else (just, 1)]
    assert (found.flagged, found.too_few) == (False, True)  # one month says nothing


def test_many_months_that_just_reach_are_flagged() -> None:
    time = [entry(f"p{n}", "2026-01-02T15:00", 20.5 if n < 3 else 27) for n in range(10)]
    assert answer("just_reached", time).flagged
    assert not answer("just_reached", time[1:]).flagged


def test_round_lengths_are_exact_to_the_second() -> None:
    lengths = [5, 10, *([7.3] * 8)]
    time = [entry("p", f"2026-01-{n + 1:02}T15:00", one) for n, one in enumerate(lengths)]
    found = answer("round_minutes", time)
    assert (numbers(found), found.flagged) == ([(2, 10)], True)
    assert found.evidence[0].words == "5 minutes exactly, measured"


def test_two_patients_at_once_unless_it_is_one_activity() -> None:
    time = [
        entry("a", "2026-01-02T15:00", 30),
        entry("b", "2026-01-02T15:29", 30, program="other"),
        entry("c", "2026-01-02T15:59", 10),  # begins when b's ends
        entry("c", "2026-01-02T15:59", 10, staff_id="another"),
        entry("d", "2026-01-03T15:00", 30, patients=2),
        entry("e", "2026-01-03T15:00", 30, patients=2),
    ]
    found = answer("two_patients_at_once", time)
    assert [one.entry_id for one in found.evidence] == [time[0].id, time[1].id]
    assert numbers(found) == [(2, 6)]


def test_an_impossible_day_is_one_of_the_practices_own_zone() -> None:
    long = [entry("a", f"2026-01-02T{h:02}:00", 60, staff_id="long") for h in range(8, 20)]
    more = [*long, entry("b", "2026-01-02T20:00", 1, staff_id="long")]
    split = [entry("a", "2026-01-03T05:00", 8 * 60), entry("a", "2026-01-03T13:00", 6 * 60)]
    assert not answer("impossible_day", long).flagged
    found = answer("impossible_day", [*more, *split])  # Denver's midnight is 07:00 UTC
    assert (found.flagged, numbers(found)) == (True, [(1, 3)])
    assert found.evidence[0].words == "2026-01-02: 12 h 1 min recorded that day"
