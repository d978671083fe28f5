"""Alerts and releases in the document: who did what when, and what nobody did."""

from typing import Any

from cloud_sync.export.paper import Pairs, Section, Table, Words
from cloud_sync.export.paper_acts import alerts, releases

ZONE, NAMES = "America/Denver", {"n": "Nia Okafor"}
START_MS = 1_768_000_000_000  # 2026-01-09 16:06:40 in Denver
LIFTED = {"measure": "spo2", "recorded_at_ms": START_MS, "author": "0", "reason": "hospice"}
GLUCOSE = LIFTED | {"measure": "glucose", "low": "70", "high": "250", "author": "n"}


def raised(**changes: Any) -> dict[str, Any]:
    return {
        "id": "a1", "measure": "glucose", "side": "low", "value": "LOW", "bound": "70",
        "observation_id": "f" * 64, "raised_at_ms": START_MS, "handling": [], **changes,
    }  # fmt: skip


def worked(**changes: Any) -> dict[str, Any]:
    return {
        "id": "t" * 32, "end_ms": START_MS + 60_000, "full_name": "Nia Okafor", "void": None,
        "corrected_by": None, "links": [{"kind": "alert", "ref_id": "a1"}], **changes,
    }  # fmt: skip


def rows(section: Section) -> list[Any]:
    return [list(block.rows) for block in section.blocks if isinstance(block, Table | Pairs)]


def words(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Words))


def test_no_threshold_and_no_alert_are_said() -> None:
    assert "so no reading could raise an alert" in words(alerts([], [], [], {}, ZONE))
    found = alerts([GLUCOSE, LIFTED], [], [], NAMES, ZONE)
    assert "No reading of this month raised an alert." in words(found)
    assert rows(found) == [
        [
            (
                "Glucose", "below 70 mg/dL\nabove 250 mg/dL", "2026-01-09 16:06:40",
                "Nia Okafor\nhospice",
            ),
            (
                "Oxygen saturation", "none any more", "2026-01-09 16:06:40",
                "operator at the server's terminal\nhospice",
            ),
        ]
    ]  # fmt: skip


def test_what_was_done_stands_in_its_order_and_only_what_counts() -> None:
    handled = {
        "action": "handled", "recorded_at_ms": START_MS + 120_000, "author": "n", "note": "Ate",
    }  # fmt: skip
    time = [worked(), worked(id="u" * 32, void={"reason": "x"}), worked(links=[])]
    found = alerts([GLUCOSE], [raised(handling=[handled])], time, NAMES, ZONE)
    worked_on = "2026-01-09 16:07:40 worked on by Nia Okafor, entry tttttttt"
    assert rows(found)[1] == [
        (
            "2026-01-09 16:06:40", "Glucose LOW\nbelow the threshold of 70", "f" * 12,
            f"{worked_on}\n2026-01-09 16:08:40 handled by Nia Okafor: Ate",
        )
    ]  # fmt: skip
    (nothing,) = rows(alerts([GLUCOSE], [raised()], [], NAMES, ZONE))[1]
    assert nothing[3] == "Nothing is recorded in this packet."


def test_a_line_released_by_decision_shows_the_reason() -> None:
    line = {
        "code": "99454", "units": 1, "from": "2026-01-02", "to": "2026-01-31", "program": "RPM",
        "decision": "The order was found",
    }  # fmt: skip
    one = {
        "id": "r1", "version": 1, "snapshot_sha256": "ab", "lines": [line],
        "released_at_ms": START_MS, "void_reason": None, "voided_at_ms": None,
    }  # fmt: skip
    facts = {"zone": ZONE, "month": "2026-01"}
    found = releases([one], [{"id": "r1", "author": "n"}], [], NAMES, facts)
    what, lines = rows(found)
    assert what == [
        ("Released by", "Nia Okafor"),
        ("Released at", "2026-01-09 16:06:40 MST"),
        ("To", "the practice's charge list of 2026-01"),
        ("What was released", "version 1, SHA-256 ab"),
    ]
    assert lines == [("99454", "1", "2026-01-02 to 2026-01-31", "RPM", "The order was found")]
