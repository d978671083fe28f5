"""What holds for every case: order and copies change nothing, no second counts twice."""

import json
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st

from cloud_sync.rules import determine
from cloud_sync.rules.calendar import Span, month_named
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.days import periods, transmission_days
from cloud_sync.rules.facts import Case
from cloud_sync.rules.minutes import time_ledger
from tests.spec.second import dates, days as second_days, facts as second_facts
from tests.spec.strategies import day_cases, time_cases
from tests.spec.test_billing_examples import GOLDEN

MONTHS = Span(first=month_named("2026-01").first, last=month_named("2026-02").last)
CASES = json.loads(GOLDEN.read_text())
RESULT_KEYS = ("case", "rule_sets", "lines", "shortfalls", "warnings")
EDGES = """
    1900-01-01 2199-12-31 0001-01-01 9999-12-31 2026-01 9999-12 0000-01 2199-12-31T23:59:59Z
    0001-01-01T00:00:00+14:00 9999-12-31T23:59:59-12:00 calendar_month received P1 Asia/Kathmandu
    RPM CCM other
""".split()  # noqa: SIM905 - words to a line
NONSENSE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(EDGES),
    st.just([]),
    st.just({}),
)
quick = settings(max_examples=60, deadline=None)


def facts(case: dict[str, Any]) -> Case:
    found = read(case)
    assert not isinstance(found, Problem), found
    return found


@given(day_cases())
@settings(max_examples=150, deadline=None)
def test_a_slow_counter_agrees(case: dict[str, Any]) -> None:
    expected = _slowly(case)
    found = {
        (period.span.first, period.span.last): {
            "days": len(period.days),
            "other": period.other_days,
            "left_out": set(period.left_out),
            "on_file": set(period.missing),
            "usable": period.usable_readings > 0,
        }
        for period in periods(facts(case))
    }
    assert found == expected


def _slowly(case: dict[str, Any]) -> dict[tuple[date, date], dict[str, Any]]:
    """Each period by the second reading of the rules."""
    found = second_facts.read(case)
    second_days.mark(found)
    counted = {}
    for span in second_days.layout(found):
        count = second_days.count(found, span)
        del count["of"]  # of each episode: for the set-up code
        ends = tuple(date.fromisoformat(dates.text(day)) for day in span[:2])
        counted[ends[0], ends[1]] = count
    return counted


@given(day_cases(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_the_facts_changes_nothing(case: dict[str, Any], random: Any) -> None:
    shuffled = dict(case)
    for key in ("readings", "devices", "consents", "episodes"):
        shuffled[key] = random.sample(case[key], len(case[key]))
    assert determine(shuffled) == determine(case)


@given(day_cases(), st.data())
@quick
def test_a_copy_of_a_reading_adds_no_day(case: dict[str, Any], data: st.DataObject) -> None:
    if case["readings"]:
        copy = data.draw(st.sampled_from(case["readings"]))
        copied = case | {"readings": [*case["readings"], copy]}
        assert transmission_days(facts(copied)) == transmission_days(facts(case))


@given(day_cases())
@quick
def test_periods_never_overlap_and_never_pool(case: dict[str, Any]) -> None:
    found = periods(facts(case))
    assert all(a.span.last < b.span.first for a, b in pairwise(found))
    assert all(day in period.span for period in found for day in period.days)
    device_lines = [
        line["from"] for line in _lines(determine(case)) if line["code"] in {"99445", "99454"}
    ]
    assert len(device_lines) == len(set(device_lines))


@given(time_cases())
@quick
def test_no_second_counts_twice_in_any_program(case: dict[str, Any]) -> None:
    ledger = time_ledger(facts(case))
    total = ledger.seconds("RPM", MONTHS) + ledger.seconds("CCM", MONTHS)
    own = [one for one in case["time"] if not one["other_patient"] and one["program"] != "other"]
    assert total <= _union_seconds(own)
    assert total == _second_by_second(case)


@given(time_cases(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_the_entries_changes_nothing(case: dict[str, Any], random: Any) -> None:
    shuffled = case | {"time": random.sample(case["time"], len(case["time"]))}
    assert determine(shuffled) == determine(case)


@given(day_cases(), time_cases())
@quick
def test_every_code_in_question_has_a_line_or_a_reason(
    days: dict[str, Any], time: dict[str, Any]
) -> None:
    case = days | {key: time[key] for key in ("time", "staff")} | {"as_of": time["as_of"]}
    found = determine(case)
    assert "error" not in found
    earned = [(line["code"], line["from"]) for line in _lines(found)]
    short = {(one["code"], one["from"]) for one in _shortfalls(found)}
    assert len(earned) == len(set(earned))
    assert not short & set(earned)


@st.composite
def spoilt_cases(draw: st.DrawFn) -> Any:
    """A worked case with one value somewhere in it replaced by something else."""
    case = json.loads(json.dumps(draw(st.sampled_from(CASES))))
    place: Any = case
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return case
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(NONSENSE)
        return case


@given(spoilt_cases())
@settings(max_examples=300, deadline=None)
def test_no_document_is_an_exception(case: Any) -> None:
    found = determine(case)
    assert set(found) in ({"case", "error"}, {*RESULT_KEYS})


def _lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    return list(found["lines"])


def _shortfalls(found: dict[str, Any]) -> list[dict[str, Any]]:
    return list(found["shortfalls"])


def _union_seconds(entries: list[dict[str, Any]]) -> int:
    seconds: set[int] = set()
    for one in entries:
        seconds.update(_seconds(one))
    return len(seconds)


def _seconds(one: dict[str, Any]) -> range:
    start, end = (datetime.fromisoformat(one[key]).timestamp() for key in ("start", "end"))
    return range(int(start), int(end))


def _second_by_second(case: dict[str, Any]) -> Fraction:
    """The slow way: ask of each second who was at work, and for whom."""
    cuts = sorted(
        {edge for one in case["time"] for edge in (_seconds(one).start, _seconds(one).stop)}
    )
    total = Fraction(0)
    for first, following in pairwise(cuts):
        active = [one for one in case["time"] if first in _seconds(one)]
        own = [one for one in active if not one["other_patient"]]
        if len({one["program"] for one in own}) != 1 or own[0]["program"] == "other":
            continue
        shares = [Fraction(1, one["patients"]) for one in own if _counts(one, active)]
        total += (following - first) * max(shares, default=Fraction(0))
    return total


def _counts(one: dict[str, Any], active: list[dict[str, Any]]) -> bool:
    others = [o for o in active if o["other_patient"] and o["staff"] == one["staff"]]
    elsewhere = len(others) >= one["patients"] or not all(_same(one, other) for other in others)
    return one["staff"] != "N1" and one["note"].startswith("Compared") and not elsewhere


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("program", "start", "end", "patients")
    return one["patients"] > 1 and all(one[key] == other[key] for key in keys)
