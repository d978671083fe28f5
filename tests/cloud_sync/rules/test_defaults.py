from datetime import date

from cloud_sync.rules.facts import Episode
from tests.spec.cases import case, codes, determination, entry, reading_days


def test_a_bare_case_has_what_an_ordinary_one_has() -> None:
    found = case(reading_days=[reading_days("2026-02-02", 1)])
    assert found.payer == "medicare"
    assert found.established_on == date(2020, 1, 1)
    assert len(found.conditions) == 2
    assert {consent.program for consent in found.consents} == {"RPM", "CCM"}
    assert [device.id for device in found.devices] == ["D1"]
    assert found.rpm_episodes == (Episode(start=date(2026, 2, 2), end=None, claimed=True),)


def test_nothing_is_supplied_where_none_is_asked_for() -> None:
    found = case(defaults=False, reading_days=[reading_days("2026-02-02", 1)])
    assert found.payer is None
    assert found.established_on is None
    supplied = [found.conditions, found.consents, found.orders, found.visits]
    assert not any([*supplied, found.care_plans, found.devices, found.rpm_episodes])


def test_an_empty_list_takes_the_place_of_its_default() -> None:
    found = case(consents=[], devices=[], episodes=[], patient={"payer": "x"})
    assert not any([found.consents, found.devices, found.rpm_episodes])
    assert (found.payer, len(found.conditions)) == ("x", 2)


def test_defaults_serve_a_case_of_long_ago() -> None:
    found = determination(reading_days=[reading_days("2019-02-02", 16)])
    assert codes(found) == ["99454"]


def test_the_initiating_visit_serves_the_first_entry_and_the_last() -> None:
    found = determination(
        time=[
            entry(f"{day}T15:00:00Z", f"{day}T15:30:00Z", "CCM")
            for day in ("2023-01-05", "2026-01-05")
        ]
    )
    assert codes(found) == ["99490", "99490"]
