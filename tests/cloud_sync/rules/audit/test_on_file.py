"""Who is found by each question about enrolment and papers, and who is not."""

from dataclasses import replace
from datetime import date
from typing import Any

from cloud_sync.rules import shape
from cloud_sync.rules.audit import audit
from cloud_sync.rules.audit.finding import Finding
from cloud_sync.rules.calendar import Span
from cloud_sync.rules.facts import Claim
from tests.cloud_sync.rules.audit.build import (
    asked,
    device_month,
    entry,
    numbers,
    person,
    practice,
    who,
)

SINCE = date(2026, 1, 10)


def test_a_practice_in_order_has_no_flag() -> None:
    time = [entry("a", f"2026-0{m}-05T15:00", 21 + m / 7) for m in (1, 2, 3)]
    facts = practice(
        person("a"), time=time, device_months=[device_month("a", f"2026-0{m}") for m in (1, 2, 3)]
    )
    assert [one.question.key for one in audit(facts) if one.flagged] == []
    assert len({one.question.key for one in audit(facts)}) == len(audit(facts)) > 15


def test_nothing_at_all_is_no_finding() -> None:
    assert not any(one.flagged or one.evidence for one in audit(practice()))


def starting(on: date) -> shape.Episode:
    return shape.Episode(program="RPM", start=on, set_up_on=on)


def test_a_rise_by_half_again_and_a_whole_is_a_spike() -> None:
    """Four in January; ten are a rise by 150 %, nine are not."""

    def with_february(number: int) -> Finding:
        january = [person(f"j{n}", episodes=(starting(SINCE),)) for n in range(4)]
        february = [person(f"f{n}", episodes=(starting(date(2026, 2, 1)),)) for n in range(number)]
        return asked(practice(*january, *february), "spike")

    flagged, calm = with_february(10), with_february(9)
    assert numbers(flagged) == [(4, 0), (10, 4), (0, 10)]
    assert (flagged.flagged, calm.flagged) == (True, False)
    assert len(flagged.evidence) == 14


def test_the_first_reading_begins_rpm_where_no_episode_says_so() -> None:
    facts = practice(*(person(f"p{n}", episodes=(), first_rpm_on=SINCE) for n in range(5)))
    assert numbers(asked(facts, "spike"))[0] == (5, 0)
    assert asked(facts, "spike").flagged


def test_visit_and_order_must_come_before_the_first_service() -> None:
    begin: dict[str, Any] = {"episodes": (starting(SINCE),)}
    late = date(2026, 1, 11)
    people = [
        person("sound", established_on=SINCE, **begin),
        person("never", established_on=None, orders=(), **begin),
        person(
            "later",
            established_on=late,
            orders=(shape.Order(program="RPM", ordered_on=late),),
            **begin,
        ),
        person("theirs", orders=(shape.Order(program="RPM", ordered_on=SINCE, practitioner="X"),)),
        person("not in rpm", episodes=(), established_on=None, orders=()),
    ]
    facts = practice(*people)
    assert who(asked(facts, "no_prior_visit")) == ["later", "never"]
    assert who(asked(facts, "no_order")) == ["later", "never", "theirs"]
    assert numbers(asked(facts, "no_order")) == [(3, 4)]


def test_consent_is_asked_of_each_program_a_patient_is_in() -> None:
    verbal = shape.Consent(program="RPM", given_on=SINCE, mode="verbal")
    people = [
        person("sound"),
        person("verbal", consents=(verbal,)),
        person("undocumented", consents=(replaced(verbal, documented=False),)),
        person("theirs", consents=(replaced(verbal, practitioner="X"),)),
        person("rpm only", consents=(verbal, replaced(verbal, mode="written"))),
    ]
    facts = practice(*people, time=[entry("rpm only", "2026-01-05T15:00", 9, program="CCM")])
    assert who(asked(facts, "no_consent")) == ["rpm only", "theirs", "undocumented"]
    assert who(asked(facts, "consent_not_written")) == ["verbal"]
    assert numbers(asked(facts, "no_consent")) == [(3, 5)]


def replaced(one: shape.Consent, **keys: Any) -> shape.Consent:
    values: dict[str, Any] = {name: getattr(one, name) for name in one.__struct_fields__}
    return shape.Consent(**(values | keys))


def claim(code: str, on: date, practitioner: str = "P1") -> Claim:
    return Claim(code=code, days=Span(first=on, last=on), practitioner=practitioner)


def test_another_practice_and_rtm_are_seen_in_these_months_only() -> None:
    people = [
        person("both", claims=(claim("99454", SINCE, "X"), claim("98976", SINCE))),
        person("ours", claims=(claim("99454", SINCE),)),
        person("before", claims=(claim("99457", date(2025, 12, 31), "X"),)),
        person("rtm in another month", claims=(claim("98976", date(2026, 2, 2)),)),
    ]
    months = [device_month(one.id, "2026-01") for one in people]
    facts = practice(*people, device_months=months)
    assert who(asked(facts, "several_practices")) == ["both"]
    assert who(asked(facts, "rpm_beside_rtm")) == ["both"]


def test_each_of_the_three_parts_can_be_missing() -> None:
    bare = shape.Episode(program="RPM", start=SINCE)
    people = [person("all"), person("no set-up", episodes=(bare,)), person("neither")]
    facts = practice(
        *people,
        time=[entry(key, "2026-01-05T15:00", 9) for key in ("all", "no set-up")],
        device_months=[device_month(key, "2026-01") for key in ("all", "no set-up")],
    )
    found = asked(facts, "incomplete")
    assert [(one.patient_id, one.words) for one in found.evidence] == [
        ("no set-up", "without set-up"),
        ("neither", "without readings and without RPM time"),
    ]
    assert (found.figures[0].count, found.figures[0].of, found.figures[0].percent) == (2, 3, 67)
    assert replace(found.figures[0], of=0).percent is None
