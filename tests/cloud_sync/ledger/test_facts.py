"""Typed entries of a patient's file: what is refused, and what the rules get of the rest."""

from datetime import date
from typing import Any, get_args

import msgspec
import pytest

from cloud_sync.ledger import case_facts, people as ledger
from cloud_sync.ledger.case_rows import rows_of
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.facts import KINDS, case_entry, check
from cloud_sync.ledger.facts.agreement import Consent, Measure, Told
from cloud_sync.ledger.facts.base import Entry
from cloud_sync.ledger.facts.care import ELEMENTS, Element
from cloud_sync.ledger.facts.course import Stay
from cloud_sync.ledger.facts.person import Condition, PatientEntry
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules.shape import CaseFile
from cloud_sync.web import file_words
from tests.cloud_sync.ledger.records import ANN, BOB, NURSE, ms, people

NOW = ms("2026-04-01T00:00:00+00:00")
CONSENT = {
    "program": "CCM",
    "given_on": "2026-01-05",
    "mode": "verbal",
    "documented": True,
    "told": ["service", "cost_sharing", "one_practitioner", "right_to_stop"],
    "script_version": "2026-01",
    "taken_by": NURSE,
    "given_by": "patient",
    "documented_in": "telephone note of 5 January",
}


@pytest.fixture(autouse=True)
def _people(store: Store) -> None:
    people(store)


def record(store: Store, kind: str, body: dict[str, Any], patient: str = ANN, **more: str) -> str:
    with store.write() as db:
        return ledger.record_fact(
            db, patient_id=patient, kind=kind, body=body, author=NURSE, at_ms=NOW, **more
        )


def case(store: Store) -> dict[str, Any]:
    with store.read() as db:
        return build_case(db, ANN, NOW)


def test_the_rules_get_only_their_own_keys(store: Store) -> None:
    record(store, "consents", CONSENT)
    record(
        store,
        "orders",
        {
            "program": "RPM",
            "ordered_on": "2026-01-05",
            "conditions": ["I10"],
            "parameters": ["blood_pressure"],
            "frequency": "daily",
            "until": "2026-12-31",
        },
    )
    found = case(store)
    keys = ("program", "given_on", "mode", "documented")
    assert found["consents"] == [{key: CONSENT[key] for key in keys}]
    assert found["orders"] == [{"program": "RPM", "ordered_on": "2026-01-05"}]


def test_every_key_for_the_rules_is_one_of_the_case_file() -> None:
    lists = {field.encode_name for field in _fields(CaseFile)}
    for kind, struct in KINDS.items():
        assert {field.encode_name for field in _fields(struct)} >= struct.CASE_KEYS, kind
        assert (kind in lists) == bool(struct.CASE_KEYS), kind


def _fields(struct: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(struct)


def test_a_revocation_is_an_entry_of_its_own(store: Store) -> None:
    consent = record(store, "consents", CONSENT)
    record(
        store,
        "revocations",
        {"consent": consent, "revoked_on": "2026-03-01", "reason": "moves to another practice"},
    )
    assert [one["revoked_on"] for one in case(store)["consents"]] == ["2026-03-01"]
    # A correction of the consent is still the consent that was revoked.
    record(
        store,
        "consents",
        CONSENT | {"mode": "written"},
        corrects=consent,
        reason="the paper was found",
    )
    (found,) = case(store)["consents"]
    assert (found["mode"], found["revoked_on"]) == ("written", "2026-03-01")


def test_a_plan_is_shared_by_an_entry_of_its_own(store: Store) -> None:
    body = {"on": "2026-01-05", "shared_with_patient": False, "elements": {"goals": "BP < 130/80"}}
    plan = record(store, "care_plans", body)
    share = {"plan": plan, "on": "2026-01-07", "how": "mail", "to": "provider"}
    record(store, "plan_shares", share)
    assert not case(store)["care_plans"][0]["shared_with_patient"]
    record(store, "plan_shares", share | {"to": "caregiver", "name": "a daughter"})
    assert case(store)["care_plans"] == [{"on": "2026-01-05", "shared_with_patient": True}]


def test_set_up_and_end_join_their_episode(store: Store) -> None:
    first = record(store, "episodes", {"program": "RPM", "start": "2026-01-01"})
    record(store, "episode_ends", {"episode": first, "end": "2026-02-01", "reason": "aim reached"})
    record(store, "episodes", {"program": "RPM", "start": "2026-03-01"})
    for day in ("2026-01-04", "2026-01-03", "2026-03-02"):
        record(store, "set_ups", {"set_up_on": day, "set_up_by": NURSE, "educated_on": day})
    with store.read() as db:
        rows = rows_of(db, [ANN], NOW).patients[ANN].facts
    found = {e["start"]: e for e in case_facts.of_rows(rows, None)["episodes"]}
    keys = ("end", "set_up_on", "educated_on")
    assert [tuple(found[start].get(key) for key in keys) for start in sorted(found)] == [
        ("2026-02-01", "2026-01-03", "2026-01-03"),
        (None, "2026-03-02", "2026-03-02"),
    ]


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("consents", CONSENT | {"told": ["the weather"]}, "told"),
        ("consents", CONSENT | {"colour": "blue"}, "It may have: program, given_on"),
        ("consents", CONSENT | {"given_by": "representative"}, "name the representative"),
        ("consents", CONSENT | {"revoked_on": "2025-01-01"}, "before it was given"),
        ("orders", {"program": "RPM", "ordered_on": "2026-01-05", "conditions": ["flu"]}, "condi"),
        ("orders", {"program": "RPM", "ordered_on": "2026-01-05", "until": "2026-01-01"}, "before"),
        ("set_ups", {"device": "ble:1"}, "give the date"),
        ("stays", {"kind": "snf", "from": "2026-02-01", "to": "2026-01-01"}, "before it starts"),
        ("other_claims", {"code": "G0181"}, "either the month or the day"),
        ("episodes", {"program": "RPM", "start": "2026-02-01", "end": "2026-01-01"}, "before"),
        ("care_plans", {"on": "2026-01-05", "elements": {"poetry": "x"}}, "elements"),
        ("decision_making", {"month": "2026-13", "level": "high"}, "month"),
        (
            "revocations",
            {"consent": "0" * 32, "revoked_on": "2026-03-01", "reason": "x"},
            "on file",
        ),
        ("lane_choices", {"month": "2026-01"}, "lane"),
        ("gossip", {"on": "2026-01-01"}, "is one of"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    store: Store, kind: str, body: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        record(store, kind, body)
    with store.read() as db:
        assert ledger.facts(db, ANN) == []


def test_an_entry_about_an_entry_stays_with_its_patient_and_after_it(store: Store) -> None:
    consent = record(store, "consents", CONSENT)
    revoked = {"consent": consent, "revoked_on": "2026-03-01", "reason": "no longer wants it"}
    with pytest.raises(Refused, match="not on file"):
        record(store, "revocations", revoked, BOB)
    with pytest.raises(Refused, match="cannot lie before"):
        record(store, "revocations", revoked | {"revoked_on": "2026-01-04"})


def test_a_correction_says_why_and_keeps_the_kind(store: Store) -> None:
    consent = record(store, "consents", CONSENT)
    with pytest.raises(Refused, match="Say why"):
        record(store, "consents", {}, corrects=consent)
    with pytest.raises(Refused, match="same kind"):
        record(store, "orders", {}, corrects=consent, reason="typed in error")
    record(store, "consents", {}, corrects=consent, reason="typed in error")
    assert case(store)["consents"] == []


def test_bodies_of_before_the_types_stay_readable() -> None:
    old = {"program": "RPM", "start": "2026-11-01", "set_up_on": None, "educated_on": None}
    assert isinstance(check("episodes", old), Entry)
    assert case_entry("episodes", old) == old
    assert check("episodes", {}) is None


def test_pages_have_words_for_every_choice() -> None:
    assert set(ELEMENTS) == set(get_args(Element))
    assert set(file_words.TOLD) == set(get_args(Told))
    assert set(file_words.MEASURES) == set(get_args(Measure))
    assert set(file_words.TOLD_AT_LEAST) <= set(file_words.TOLD)
    assert set(file_words.KINDS) == set(KINDS)
    assert sorted(kind for kinds in file_words.GROUPS.values() for kind in kinds) == sorted(KINDS)


def test_what_does_not_hold_together_has_a_sentence() -> None:
    day = date(2026, 1, 5)
    assert Stay(kind="snf", first=day, last=day).problem() is None
    assert PatientEntry(conditions=(Condition(icd10="I10"),)).problem() is None
    late = Consent(program="RPM", given_on=day, revoked_on=date(2026, 1, 4))
    assert late.problem() == "a consent cannot be revoked before it was given."
