import pytest

from cloud_sync.rules.notes import EXAMPLES, advice, is_mixed, is_vague
from cloud_sync.rules.tables import BUNDLED

WORDS = BUNDLED.notes[0]


@pytest.mark.parametrize(
    "note",
    [
        "",
        "patient outreach",
        "care coordination",
        "patient contact",
        "Patient call - 5 minutes",
        "reviewed RPM data",
        "Spoke with the patient.",
        "Routine monthly follow-up, 12 min",
        "Monthly RPM review: done (20 mins)",
        "Called patient; no issues",
        "10 20 30 40",
        "patient\N{RIGHT SINGLE QUOTATION MARK}s call, 3 hours",
    ],
)
def test_a_vague_note(note: str) -> None:
    assert is_vague(note, WORDS)


@pytest.mark.parametrize(
    "note",
    [
        "Went through the week's readings",
        "Spoke with the patient about dizziness",
        "Adjusted timing of dose: 8 minutes",
    ],
)
def test_a_sound_note(note: str) -> None:
    assert not is_vague(note, WORDS)


@pytest.mark.parametrize(
    ("note", "mixed"),
    [
        ("Discussed medication side effects and reviewed blood pressure log.", True),
        ("ALERT seen; sent the refill to the PHARMACY", True),
        ("Side-effects of the new cuff", True),
        ("Reviewed the blood pressure log", False),
        ("Sent the refill to the pharmacy", False),
        ("Alerted the labour ward", False),
        ("Slabs of readings", False),
    ],
)
def test_a_mixed_note(note: str, mixed: bool) -> None:
    assert is_mixed(note, WORDS) == mixed


@pytest.mark.parametrize("program", ["RPM", "CCM", "other"])
def test_the_examples_that_people_are_given_are_sound(program: str) -> None:
    assert advice(EXAMPLES[program], program, WORDS) is None


def test_a_vague_note_is_told_what_to_add() -> None:
    found = advice("Patient call - 5 minutes", "RPM", WORDS)
    assert found is not None
    assert found.reason == "vague_note"
    assert "what came of it" in found.sentence
    assert EXAMPLES["RPM"] in found.sentence


def test_a_mixed_note_is_told_what_is_mixed() -> None:
    # The model note of an article that practices copy (rules.md 11, 19).
    note = "Called to ask about side effects and went over the blood pressure log, 8 minutes"
    found = advice(note, "RPM", WORDS)
    assert found is not None
    assert found.reason == "mixed_note"
    assert "blood pressure log" in found.sentence
    assert "side effect" in found.sentence
    assert "minute" in found.sentence
