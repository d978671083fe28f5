from datetime import date
from typing import Any

import pytest

from cloud_sync.rules.on_file import consent_missing, missing_for
from tests.spec.cases import case, entry, words
from tests.spec.table import table

MONDAY = date(2026, 3, 9)


def consent(row: dict[str, str]) -> dict[str, Any]:
    return {
        "program": row["program"],
        "given_on": row["given"],
        "mode": row["mode"] or "written",
        "documented": row["documented"] != "no",
        "practitioner": row["by"] or "P1",
        "revoked_on": row["revoked"] or None,
    }


@pytest.mark.parametrize(
    "row",
    table("""
    program | given      | mode       | documented | by | revoked    | missing on 9 March
    --------+------------+------------+------------+----+------------+----------------------
    CCM     | 2026-03-09 |            |            |    |            |
    CCM     | 2026-03-10 |            |            |    |            | consent_after_service
    CCM     | 2026-01-01 |            | no         |    |            | consent_undocumented
    CCM     | 2026-01-01 |            |            | P2 |            | consent_missing
    RPM     | 2026-01-01 |            |            |    |            | consent_missing
    CCM     | 2026-01-01 | electronic |            |    |            |
    CCM     | 2026-01-01 | verbal     |            |    |            | consent_not_written
    CCM     | 2026-04-01 |            | no         |    |            | consent_undocumented
    CCM     | 2026-01-01 |            |            |    | 2026-03-01 |
    CCM     | 2026-01-01 |            |            |    | 2026-02-28 | consent_missing
"""),
    ids=str,
)
def test_ccm_consent_where_the_practice_asks_for_writing(row: dict[str, str]) -> None:
    found = case(settings={"ccm_consent": "written"}, consents=[consent(row)])
    assert consent_missing(found, "CCM", MONDAY) == words(row["missing on 9 March"])


@pytest.mark.parametrize(
    ("revoked", "missing"), [("2026-03-09", set()), ("2026-03-08", {"consent_missing"})]
)
def test_rpm_consent_ends_with_its_day(revoked: str, missing: set[str]) -> None:
    given = {"program": "RPM", "given_on": "2026-01-01", "mode": "verbal", "revoked_on": revoked}
    assert consent_missing(case(consents=[given]), "RPM", MONDAY) == missing


def test_one_good_consent_is_enough() -> None:
    bad = {"program": "CCM", "given_on": "2026-01-01", "documented": False}
    good = {"program": "CCM", "given_on": "2026-02-01"}
    found = case(consents=[bad, good])
    assert consent_missing(found, "CCM", MONDAY) == set()
    assert consent_missing(found, "CCM", date(2026, 1, 15)) == {
        "consent_undocumented",
        "consent_after_service",
    }


@pytest.mark.parametrize(
    "row",
    table("""
    visit      | by | discussed | began      | missing
    -----------+----+-----------+------------+--------
    2026-03-09 |    | CCM       | 2026-03-01 | no
    2026-03-10 |    | CCM       | 2026-03-01 | yes
    2025-03-01 |    | CCM       | 2026-03-01 | no
    2025-02-28 |    | CCM       | 2026-03-01 | yes
    2026-03-01 | P2 | CCM       | 2026-03-01 | yes
    2026-03-01 |    | RPM       | 2026-03-01 | yes
    2024-06-01 |    | CCM       | 2025-05-01 | no
    2026-03-01 |    | CCM       | 2026-05-01 | no
"""),
    ids=str,
)
def test_the_initiating_visit(row: dict[str, str]) -> None:
    found = case(
        initiating_visits=[
            {
                "on": row["visit"],
                "discussed": [row["discussed"]],
                "practitioner": row["by"] or "P1",
            }
        ],
        episodes=[{"program": "CCM", "start": row["began"]}],
    )
    missing = missing_for(found, "CCM")(MONDAY)
    assert missing == ({"initiating_visit_missing"} if row["missing"] == "yes" else set())


def test_ccm_begins_with_its_first_entry_where_no_episode_is_recorded() -> None:
    visits = [{"on": "2025-03-05", "discussed": ["CCM"]}]
    march = entry("2026-03-04T15:00:00Z", "2026-03-04T15:30:00Z", "CCM")
    april = entry("2026-04-04T15:00:00Z", "2026-04-04T15:30:00Z", "CCM")
    begun = case(initiating_visits=visits, time=[march, april])
    assert missing_for(begun, "CCM")(date(2026, 4, 4)) == set()
    later = case(initiating_visits=visits, time=[april])
    assert missing_for(later, "CCM")(date(2026, 4, 4)) == {"initiating_visit_missing"}
