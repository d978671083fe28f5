import pytest

from cloud_sync.rules.notes import is_mixed, is_vague
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
