"""The scripted cases that ship (cloud_sync.rules.training.scenario), and the marks a log earns."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cloud_sync.ledger.training_start import scenarios
from cloud_sync.rules.tables import BUNDLED
from cloud_sync.rules.training.review import Logged, Verdict, review

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORDS = BUNDLED.notes_on(date(2026, 11, 24))


def entry(program: str, note: str, **keys: Any) -> Logged:
    """A good one, except what is said; `after` minutes it begins."""
    start = NOON + timedelta(minutes=keys.pop("after", 0))
    values: dict[str, Any] = {
        "id": f"{program}{start:%H%M}",
        "mode": "phone",
        "interactive": True,
        "direction": "outgoing",
        "party": "patient",
        "measured": True,
        "role": "clinical_staff",
        "readings": 2 if program == "RPM" else 0,
    }
    return Logged(
        program=program, start=start, end=start + timedelta(minutes=5), note=note, **values | keys
    )


ALERT = entry(
    "RPM",
    "Reading of this morning was high; called, she had climbed the stairs and feels well. Agreed"
    " to rest and measure again this evening.",
)
MIXED_RPM = entry(
    "RPM", "Readings were high on three mornings; he measures after coffee, agreed to do it before"
)
MIXED_CCM = entry(
    "CCM", "Found his referral to the kidney specialist and promised to send it again", after=5
)
TEACHING = {"program": "RPM", "start": "2026-11-24", "set_up_on": "2026-11-24",
            "educated_on": "2026-11-24"}  # fmt: skip
CONSENT = {"program": "CCM", "given_on": "2026-11-24", "mode": "verbal", "documented": True}
GOOD: dict[str, tuple[list[Logged], list[tuple[str, dict[str, Any]]]]] = {
    "rpm-alert-call": ([ALERT], []),
    "ccm-medication": (
        [
            entry(
                "CCM",
                "Compared both lists and the bottles with his daughter: metoprolol was on both,"
                " the old dose still in the box. Asked the pharmacy to stop the old one.",
                party="caregiver",
            )
        ],
        [],
    ),
    "mixed-call": ([MIXED_RPM, MIXED_CCM], []),
    "vague-note": (
        [
            entry(
                "RPM",
                "Readings of nine days came down since the dose was changed; decided to keep it",
                mode="none",
                interactive=False,
                direction=None,
                party=None,
            )
        ],
        [],
    ),
    "voicemail-only": (
        [
            entry(
                "RPM",
                "Last evening's pressure was high; nobody answered, left a message to call",
                mode="voicemail",
                interactive=False,
            )
        ],
        [],
    ),
    "set-up-teaching": ([], [("episodes", TEACHING)]),
    "consent-conversation": ([], [("consents", CONSENT)]),
}


def judged(case: str, log: list[Logged], papers: list[tuple[str, dict[str, Any]]]) -> Verdict:
    return review(scenarios()[case], log, papers, WORDS)


def missing(found: Verdict) -> list[str]:
    marks = [*found.whole, *(mark for marks in found.entries.values() for mark in marks)]
    return [mark.words for mark in marks if not mark.good]


@pytest.mark.parametrize("case", sorted(GOOD))
def test_a_good_log_of_each_case_lacks_nothing(case: str) -> None:
    found = judged(case, *GOOD[case])
    assert missing(found) == []
    assert found.sound
    assert found.whole


def test_every_case_that_ships_has_its_good_log_here() -> None:
    assert set(scenarios()) == set(GOOD)
    assert all(one.story.strip() and one.teaches for one in scenarios().values())


@pytest.mark.parametrize("case", sorted(GOOD))
def test_an_empty_log_lacks_something_in_each_case(case: str) -> None:
    assert not judged(case, [], []).sound


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"note": "Patient call - 5 minutes"}, "vague"),
        ({"note": ALERT.note + " Also asked for the referral."}, "both programs"),
        ({"note": "Called her about it and she will look after herself"}, "why: the high reading"),
        ({"interactive": False}, "it is not recorded"),
        ({"mode": "text"}, "way of contact is wrong"),
        ({"direction": None}, "who began the call"),
        ({"party": "caregiver"}, "the patient who was spoken to"),
        ({"measured": False}, "Typed in"),
        ({"role": "non_clinical"}, "not clinical staff"),
        ({"readings": 0}, "No reading is ticked"),
        ({"program": "CCM"}, "Nothing in this case is CCM work"),
    ],
)
def test_what_is_missing_is_said(keys: dict[str, Any], words: str) -> None:
    found = judged("rpm-alert-call", [replace(ALERT, **keys)], [])
    assert any(words in one for one in missing(found))


def test_one_note_for_a_mixed_call_is_not_enough_and_neither_is_an_overlap() -> None:
    both = replace(MIXED_RPM, note=f"{MIXED_RPM.note}; sent the referral to the specialist again")
    assert any("must be split" in one for one in missing(judged("mixed-call", [both], [])))
    assert any("both programs" in one for one in missing(judged("mixed-call", [both], [])))
    beside = replace(MIXED_CCM, start=MIXED_RPM.end - timedelta(seconds=1))
    assert any(
        "must be split" in one for one in missing(judged("mixed-call", [MIXED_RPM, beside], []))
    )


def test_a_live_contact_that_was_none_is_said() -> None:
    (good,), _ = GOOD["voicemail-only"]
    claimed = replace(good, mode="phone", interactive=True)
    found = missing(judged("voicemail-only", [claimed], []))
    assert any("a voicemail is none" in one for one in found)


def test_time_that_must_not_count_is_said_and_other_is_no_fault() -> None:
    taught = replace(ALERT, note="Taught the patient to put the cuff on and to sit upright")
    papers = [("episodes", TEACHING)]
    found = missing(judged("set-up-teaching", [taught], papers))
    assert any(one.startswith("Time was counted for RPM") for one in found)
    other = replace(taught, program="other")
    assert judged("set-up-teaching", [other], papers).sound
    incomplete = [("episodes", TEACHING | {"educated_on": None})]
    assert any("Not on file" in one for one in missing(judged("set-up-teaching", [], incomplete)))
