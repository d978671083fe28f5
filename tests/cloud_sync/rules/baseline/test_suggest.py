"""A suggestion of a program: the product's own activities must come out as their own program."""

import pytest

from cloud_sync.rules.baseline.suggest import suggest
from cloud_sync.web.pages.work import ACTIVITIES


@pytest.mark.parametrize(
    ("program", "activity"),
    [(p, a) for p, names in ACTIVITIES.items() for a in names],
)
def test_each_activity_of_the_product_is_suggested_for_its_program(
    program: str, activity: str
) -> None:
    assert suggest(activity, "").program == program


@pytest.mark.parametrize(
    ("activity", "note", "program"),
    [
        ("Device set-up", "Showed the readings on the cuff", "none"),
        ("Reminder", "Reminded him to take readings", "none"),
        ("Call", "Discussed the referral to the specialist", "CCM"),
        ("Call", "Asked about the high readings", "RPM"),
        ("Call", "Side effects, and the alert of this morning", None),
        ("Call", "How are you", None),
        ("Labs", "Compared with the readings", "CCM"),  # the activity's own words go first
    ],
)
def test_what_is_suggested(activity: str, note: str, program: str | None) -> None:
    assert suggest(activity, note).program == program


def test_the_words_that_speak_for_it_are_told() -> None:
    assert suggest("Call", "The pharmacy and the cuff").because == ("cuff", "pharmacy")
