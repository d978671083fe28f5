from dataclasses import replace

from cloud_sync.ledger.care_entries import Entry
from cloud_sync.ledger.time_flags import flags
from cloud_sync.rules.tables import BUNDLED

WORDS = BUNDLED.notes[0]
HOUR = 3_600_000
ENTRY = Entry(
    id="a", patient_id="p", staff_id="s", full_name="Nia", program="RPM", start_ms=0,
    end_ms=600_000, activity="x", note="Went over the values of this week", interactive=False,
    mode="none", direction=None, party=None, patients=1, measured=True, entered_at_ms=600_000,
    corrects=None, reason=None, split_from=None, import_id=None, external_id=None,
    corrected=False, void_reason=None, voided_at_ms=None,
)  # fmt: skip


def said(entry: Entry, *beside: Entry) -> list[str]:
    return list(flags(entry, (entry, *beside), WORDS, 48))


def test_a_sound_entry_has_none() -> None:
    assert said(ENTRY) == []
    assert said(ENTRY, replace(ENTRY, id="b", start_ms=600_000, end_ms=700_000)) == []
    assert said(ENTRY, replace(ENTRY, id="b", corrected=True)) == []


def test_each_of_them_is_said() -> None:
    (vague,) = said(replace(ENTRY, note="Patient call"))
    assert "says too little" in vague
    (mixed,) = said(replace(ENTRY, note="Went over readings and the refill of the tablets"))
    assert "both programs" in mixed
    assert said(replace(ENTRY, entered_at_ms=600_000 + 48 * HOUR)) == []
    (late,) = said(replace(ENTRY, entered_at_ms=600_001 + 48 * HOUR))
    assert "more than 48 hours" in late


def test_overlaps_are_told_apart() -> None:
    half = replace(ENTRY, id="b", start_ms=300_000, end_ms=900_000, full_name="Ada")
    assert said(ENTRY, half) == ["5 min overlap time of Ada in the same program: counted once."]
    (programs,) = said(ENTRY, replace(half, program="CCM"))
    assert "count for neither" in programs
    (patients,) = said(ENTRY, replace(half, patient_id="q", start_ms=595_000))
    assert patients.startswith("0 min 5 s overlap")
    group = replace(ENTRY, patients=2)
    assert said(group, replace(group, id="b", patient_id="q")) == []


def test_what_counts_no_longer_is_not_flagged() -> None:
    assert said(replace(ENTRY, note="", voided_at_ms=1)) == []
