"""A case in, the second answer out."""

from typing import Any

from tests.spec.second import ccm, days, facts as fact_sheet, minutes, rpm
from tests.spec.second.paper import Paper


def answer(case: dict[str, Any]) -> dict[str, Any]:
    facts = fact_sheet.read(case)
    days.mark(facts)
    paper = Paper(facts)
    if facts["payer"] != "medicare":
        paper.warn({"payer_check"})
    for reading in facts["readings"]:
        paper.warn(reading["unusable"])
        paper.warn({"outside_episode"} if days.came_after(facts, reading) else set())
    pieces = minutes.pieces(facts)
    for entry in facts["entries"]:
        if entry["program"] != "other" and not entry["elsewhere"]:
            paper.warn({"late_entry"} if minutes.late(facts, entry) else set())
            paper.warn({"mixed_note"} if minutes.mixed(entry["note"]) else set())
    rpm.periods(facts, paper)
    rpm.months(facts, paper, pieces)
    ccm.months(facts, paper, pieces)
    return {
        "lines": sorted(paper.lines, key=lambda line: (line["from"], line["code"])),
        "shortfalls": [row for _, row in sorted(paper.shortfalls.items())],
        "warnings": sorted(paper.warnings),
    }
