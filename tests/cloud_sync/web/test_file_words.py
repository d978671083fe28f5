import pytest

from cloud_sync.ledger.people import Fact
from cloud_sync.web.file_words import fact_details, fact_words


def fact(of: str, /, **body: object) -> Fact:
    return Fact(id="a" * 32, kind=of, body=body, recorded_at_ms=1, author="n" * 32)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            fact("consents", program="CCM", given_on="2026-01-05", mode="verbal"),
            "CCM consent, verbal, 2026-01-05, documented",
        ),
        (fact("revocations", revoked_on="2026-03-01"), "Consent revoked 2026-03-01"),
        (fact("set_ups", educated_on="2026-01-06"), "Taught 2026-01-06"),
        (
            fact("care_plans", on="2026-01-05", version=2, shared_with_patient=False),
            "Care plan of 2026-01-05, version 2, no copy given with it",
        ),
        (
            fact("plan_shares", on="2026-01-07", how="mail", to="caregiver"),
            "Plan given to caregiver by mail on 2026-01-07",
        ),
        (
            fact("stays", kind="snf", **{"from": "2026-01-01", "to": "2026-01-03"}),
            "Nursing facility stay, 2026-01-01 to 2026-01-03",
        ),
        (fact("other_claims", code="G0181", month="2026-01"), "G0181 billed for 2026-01"),
        (fact("lane_choices", month="2026-01", lane="staff"), "CCM family of 2026-01: staff"),
        (
            fact("decision_making", month="2026-01", level="high"),
            "Decision making in 2026-01: high",
        ),
        (fact("episode_ends", end="2026-02-01"), "Episode ended 2026-02-01"),
    ],
)
def test_each_kind_has_its_line(found: Fact, words: str) -> None:
    assert fact_words(found) == words


def test_details_name_people_and_gaps() -> None:
    told = ["service", "cost_sharing", "one_practitioner"]
    consent = fact("consents", program="CCM", given_on="2026-01-05", taken_by="n" * 32, told=told)
    found = dict(fact_details(consent, {"n" * 32: "Nia"}))
    assert found["Taken by"] == "Nia"
    assert found["▲ Not recorded as told"] == "the right to stop at any time"
    order = fact("orders", program="RPM", ordered_on="2026-01-05", conditions=["I10"])
    assert dict(fact_details(order, {}))["▲ Auditors ask for"] == "what to measure, how often"
    plan = fact("care_plans", on="2026-01-05", practitioner="P1", elements={"goals": "under 130"})
    assert dict(fact_details(plan, {})) == {"Measurable treatment goals": "under 130"}
