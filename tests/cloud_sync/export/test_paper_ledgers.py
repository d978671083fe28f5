"""The ledgers in the document: what counts, what does not and why, what was changed."""

import json
from typing import Any

from cloud_sync.export.ledgers import Day
from cloud_sync.export.paper import Section, Table, Words
from cloud_sync.export.paper_ledgers import changes, contact, day_ledger, left_out, time_ledger

FACTS = {"zone": "America/Denver"}
START_MS = 1_768_000_000_000  # 2026-01-09 16:06:40 in Denver


def reading(number: int, kind: str = "weight") -> dict[str, Any]:
    text = json.dumps({"outcome": {"kind": kind, "value": "80.5", "unit": "kg"}})
    return {
        "id": f"{number:064x}", "kind": kind, "device": "ble:0", "plaintext": text,
        "measured_at_ms": START_MS + number, "committed_at_ms": START_MS + 1000,
    }  # fmt: skip


def day(number: int, on: str, *reasons: Any) -> Day:
    period = None if reasons else {"from": "2026-01-01", "to": "2026-01-30", "dates": [on]}
    return Day(on=on, period=period, reasons=reasons, reading=reading(number))


def entry(identity: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identity * 32, "start_ms": START_MS, "end_ms": START_MS + 61_000, "program": "RPM",
        "full_name": "Nia", "billing_role": "clinical_staff", "activity": "Call", "note": "Words",
        "mode": "phone", "interactive": True, "measured": True, "patients": 1, "void": None,
        "entered_at_ms": START_MS + 61_000, "corrected_by": None, "readings": [],
    } | more  # fmt: skip


def table(section: Section) -> Table:
    (found,) = (one for one in section.blocks if isinstance(one, Table))
    return found


def test_a_date_stands_once_before_its_readings() -> None:
    days = [day(1, "2026-01-09"), day(2, "2026-01-09"), day(3, "2026-01-10", "test_device")]
    shown = table(day_ledger(days, FACTS))
    assert [(row[0], row[1]) for row in shown.rows] == [
        ("2026-01-09", "Weight 80.5 kg"),
        ("", "Weight 80.5 kg"),
    ]
    assert shown.rows[0][2] == "2026-01-09 16:06:40"


def test_what_is_left_out_has_every_reason_in_words() -> None:
    days = [day(1, "2026-01-09"), day(2, "2026-01-10", "test_device", "outside_episode")]
    (row,) = table(left_out(days, FACTS)).rows
    assert row[0] == "2026-01-10"
    assert row[4].count(".") == 2
    nothing = left_out(days[:1], FACTS).blocks
    assert nothing == [Words(text="None was left out.")]


def test_a_corrected_and_a_voided_entry_are_set_off_and_told() -> None:
    void = {"reason": "Wrong patient.", "voided_at_ms": START_MS + 5}
    time = [
        entry("a", corrected_by="b" * 32),
        entry("b", corrects="a" * 32, measured=False, entered_at_ms=START_MS + 7_300_000),
        entry("c", void=void, readings=["f" * 64], patients=3),
    ]
    shown = table(time_ledger(time, "America/Denver"))
    assert shown.marked == {0, 2}
    assert shown.rows[0][0].endswith("1 min 1 s")
    assert shown.rows[1][4].startswith("late entry, typed in 2026-01-09 18:08:20")
    assert "corrects aaaaaaaa" in shown.rows[1][4]
    assert "one of 3 patients at once\nworked on ffffffffffff" in shown.rows[2][4]
    said = [row[2] for row in table(changes([], time, "America/Denver")).rows]
    assert sorted(said) == [
        "bbbbbbbb corrects aaaaaaaa",
        "bbbbbbbb typed in 2 h after its end",
        "cccccccc taken out: Wrong patient.",
    ]
    assert len(table(contact(time, "America/Denver")).rows) == 1


def test_a_worker_is_shown_as_what_they_worked_as() -> None:
    """Credential and employer of the date, what it is a part of, where it came from."""
    row = entry(
        "a", credential="RN", employer="Agency", import_id="i", split_from="b" * 32,
        links=[{"kind": "care_plan", "ref_id": "c" * 32}],
    )  # fmt: skip
    shown = table(time_ledger([row], "America/Denver")).rows[0]
    assert shown[2] == "Nia\nclinical staff, RN\nemployed by Agency"
    for words in ("care plan cccccccc", "brought in", "part of bbbbbbbb"):
        assert words in shown[4]


def test_work_across_midnight_shows_both_dates() -> None:
    late = entry("a", end_ms=START_MS + 9 * 3_600_000)
    assert "to 2026-01-10 01:06:40" in table(time_ledger([late], "America/Denver")).rows[0][0]
    assert "\nto 16:07:41\n" in table(time_ledger([entry("a")], "America/Denver")).rows[0][0]


def test_a_fact_that_was_taken_away_is_told() -> None:
    row = {"kind": "stays", "corrects": "a" * 32, "recorded_at_ms": START_MS, "body": {}}
    (told,) = table(changes([row], [], "America/Denver")).rows
    assert told[1:] == ("stays", "aaaaaaaa was taken away")
