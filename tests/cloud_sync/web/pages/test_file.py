"""What is on file for the programs."""

import pytest

from cloud_sync.ledger import people, staff
from cloud_sync.ledger.casefile import build_case
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support import seeded
from tests.support.seeded import Seeded


def test_the_file_is_kept_and_withdrawn(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    entries = (
        {"kind": "orders", "on": "2026-11-01"},
        {
            "kind": "consents",
            "program": "CCM",
            "on": "2026-11-01",
            "mode": "verbal",
            "documented": "yes",
        },
        {"kind": "episodes", "program": "RPM", "on": "2026-11-01", "set_up_on": "2026-11-02"},
        {"kind": "initiating_visits", "on": "2026-11-01", "ccm": "yes"},
        {"kind": "care_plans", "on": "2026-11-01", "shared": "yes"},
        {"kind": "patient", "on": "2020-01-01"},
        {"kind": "patient", "conditions": "i10, E11.9"},
    )
    for entry in entries:
        assert person.post(page, **entry).status_code == 303, entry
    text = words(person.get(page).text)
    for line in (
        "RPM order of 2026-11-01",
        "CCM consent, verbal, 2026-11-01, documented",
        "RPM episode from 2026-11-01, device set up 2026-11-02",
        "Visit of 2026-11-01, discussed: CCM",
        "Care plan of 2026-11-01, shared",
        "Patient of the practice since 2020-01-01",
        "Chronic conditions: I10, E11.9",
    ):
        assert line in text
    with clinic.store.read() as db:
        order = next(f for f in people.facts(db, clinic.other) if f.kind == "orders")
    assert person.post(page, kind="orders", corrects=order.id).status_code == 409
    withdrawn = person.post(page, kind="orders", corrects=order.id, reason="typed in error")
    assert withdrawn.status_code == 303
    assert "RPM order" not in person.get(page).text


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "orders"},
        {"kind": "orders", "on": "2026-13-01"},
        {"kind": "consents", "program": "GYM", "on": "2026-11-01", "mode": "verbal"},
        {"kind": "consents", "program": "RPM", "on": "2026-11-01", "mode": "telepathy"},
        {"kind": "patient", "conditions": "high pressure"},
        {"kind": "gossip", "on": "2026-11-01"},
        {"kind": "orders", "corrects": "0" * 32},
    ],
)
def test_an_incomplete_entry_is_refused(
    as_role: SignIn, clinic: Seeded, entry: dict[str, str]
) -> None:
    answer = as_role("biller").post(f"/patients/{clinic.other}/file", **entry)
    assert answer.status_code == 409
    with clinic.store.read() as db:
        assert people.facts(db, clinic.other) == []


def test_what_a_month_and_its_practitioner_need(as_role: SignIn, clinic: Seeded) -> None:
    with clinic.store.write() as db:
        doctor = staff.create(
            db,
            clinic.store,
            username="dora",
            full_name="Dora Doctor",
            role="clinician",
            billing_role="practitioner",
            password=seeded.PASSWORD,
            at_ms=clinic.clock(),
        )
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    for entry in (
        {"kind": "billing_practitioner", "staff": doctor},
        {"kind": "decision_making", "month": "2026-11", "level": "high"},
        {"kind": "lane_choices", "month": "2026-11", "lane": "complex"},
    ):
        assert person.post(page, **entry).status_code == 303, entry
    for wrong in (
        {"kind": "billing_practitioner", "staff": clinic.staff["clinician"]},
        {"kind": "decision_making", "month": "2026-13", "level": "high"},
        {"kind": "decision_making", "month": "2026-11", "level": "extreme"},
        {"kind": "lane_choices", "month": "2026-11", "lane": "fast"},
    ):
        assert person.post(page, **wrong).status_code == 409, wrong
    assert "Dora Doctor bills for this patient" in words(person.get(page).text)
    with clinic.store.read() as db:
        case = build_case(db, clinic.other, clinic.clock())
    assert case["decision_making"] == [{"month": "2026-11", "level": "high", "practitioner": "P1"}]
    assert case["lane_choices"] == [{"month": "2026-11", "lane": "complex"}]


def test_a_consent_is_revoked_and_an_episode_ended(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.patient}/file"
    with clinic.store.read() as db:
        found = {f.kind: f.id for f in people.facts(db, clinic.patient)}
    for kind in ("consents", "episodes"):
        why = {"fact": found[kind], "reason": "moves to another practice"}
        assert person.post(f"{page}/end", on="2026-10-01", **why).status_code == 409
        assert person.post(f"{page}/end", fact=found[kind], on="2026-11-20").status_code == 409
        assert person.post(f"{page}/end", on="2026-11-20", **why).status_code == 303
    order = person.post(f"{page}/end", fact=found["orders"], on="2026-11-20", reason="over")
    assert order.status_code == 409
    text = words(person.get(page).text)
    assert "Consent revoked 2026-11-20" in text
    assert "Episode ended 2026-11-20" in text
    assert "moves to another practice" in text
    with clinic.store.read() as db:
        case = build_case(db, clinic.patient, clinic.clock())
    assert [c.get("revoked_on") for c in case["consents"]].count("2026-11-20") == 1
    assert [e["end"] for e in case["episodes"]] == ["2026-11-20"]


def test_a_consent_says_who_took_it_and_what_was_told(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    consent = {
        "kind": "consents",
        "program": "CCM",
        "on": "2026-11-01",
        "mode": "verbal",
        "documented": "yes",
        "script_version": "2026-02",
        "by": clinic.staff["clinician"],
        "documented_in": "telephone note",
    }
    thin = words(person.post(page, **consent) and person.get(page).text)
    assert "Not recorded as told" in thin
    told = ["service", "cost_sharing", "one_practitioner", "right_to_stop"]
    assert person.post(page, **consent, told=told).status_code == 303
    with clinic.store.read() as db:
        newest = next(f.body for f in people.facts(db, clinic.other) if "told" in f.body)
        case = build_case(db, clinic.other, clinic.clock())
    assert sorted(newest["told"]) == sorted(told)
    text = words(person.get(page).text)
    assert "Taken by Nia Okafor RN" in text
    assert "the right to stop at any time" in text
    assert set(case["consents"][-1]) == {"program", "given_on", "mode", "documented"}


def test_what_was_typed_comes_back_in_its_own_form(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    order = {"kind": "orders", "on": "2026-11-01", "conditions": "flu", "frequency": "at dawn"}
    answer = person.post(page, **order)
    assert answer.status_code == 409
    assert 'value="at dawn"' in answer.text
    assert "conditions" in words(answer.text)
    future = person.post(page, kind="orders", on="2026-12-24")
    assert "lies in the future" in words(future.text)


def test_the_rest_of_the_file(as_role: SignIn, clinic: Seeded) -> None:
    person, page = as_role("biller"), f"/patients/{clinic.other}/file"
    for entry in (
        {"kind": "episodes", "program": "RPM", "on": "2026-11-01"},
        {"kind": "set_ups", "set_up_on": "2026-11-02", "educated_on": "2026-11-02",
         "taught": "patient", "topics": "cuff position", "shown_back": "yes"},
        {"kind": "care_plans", "on": "2026-11-03", "version": "1", "element_goals": "under 130/80"},
        {"kind": "stays", "stay_kind": "snf", "from": "2026-11-04", "to": "2026-11-06"},
        {"kind": "other_claims", "code": "g0181", "month": "2026-11", "claimed_by": "Dr Elsewhere"},
    ):  # fmt: skip
        assert person.post(page, **entry).status_code == 303, entry
    with clinic.store.read() as db:
        plan = next(f for f in people.facts(db, clinic.other) if f.kind == "care_plans")
    share = {"kind": "plan_shares", "plan": plan.id, "on": "2026-11-05", "how": "mail"}
    assert person.post(page, **share, to="caregiver").status_code == 303
    assert person.post(page, **share, to="the press").status_code == 409
    text = words(person.get(page).text)
    for line in (
        "cuff position",
        "under 130/80",
        "Nursing facility stay",
        "G0181 billed for 2026-11",
    ):
        assert line in text
    with clinic.store.read() as db:
        case = build_case(db, clinic.other, clinic.clock())
    assert case["episodes"][0]["set_up_on"] == "2026-11-02"
    assert case["care_plans"][0]["shared_with_patient"] is True
    assert case["other_claims"][0]["practitioner"] == "Dr Elsewhere"
