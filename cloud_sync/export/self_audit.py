"""The self-audit as a report for another program: JSON, or a CSV with one piece of evidence a line.

Notes that were typed by people stand in it: in a spreadsheet none of them may become a formula.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from cloud_sync.rules.audit.finding import Evidence, Finding

COLUMNS = (
    "question", "flagged", "source", "counted", "figure", "patient_id", "record_number", "month",
    "entry_id", "worker", "what",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(findings: Sequence[Finding], months: Sequence[str]) -> dict[str, Any]:
    """The documented dictionary: every question, its figures and the ids behind them."""
    return {
        "v": 1,
        "months": list(months),
        "questions": [
            {
                "key": one.question.key,
                "title": one.question.title,
                "asked": one.question.asked,
                "source": one.question.source,
                "to_do": one.question.to_do,
                "flagged": one.flagged,
                "too_few": one.too_few,
                "figures": [
                    {"of_what": figure.words, "count": figure.count, "of": figure.of}
                    for figure in one.figures
                ],
                "evidence": [_evidence(piece) for piece in one.evidence],
            }
            for one in findings
        ],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    named = {
        "patient": one.patient_id,
        "month": one.month,
        "entry": one.entry_id,
        "staff": one.staff_id,
    }
    return {"what": one.words} | {key: value for key, value in named.items() if value}


def table(
    findings: Sequence[Finding], records: Mapping[str, str], workers: Mapping[str, str]
) -> str:
    """The CSV. A question without evidence has one line, so that its figure is not lost.

    `records` gives a patient's record number by id, `workers` a worker's name.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in findings:
        head = (
            one.question.key,
            "yes" if one.flagged else "no",
            one.question.source,
            "; ".join(figure.words for figure in one.figures),
            "; ".join(f"{figure.count} {figure.joint} {figure.of}" for figure in one.figures),
        )
        for piece in one.evidence or (Evidence(words=""),):
            cells = (
                *head,
                piece.patient_id or "",
                records.get(piece.patient_id or "", ""),
                piece.month or "",
                piece.entry_id or "",
                workers.get(piece.staff_id or "", ""),
                piece.words,
            )
            writer.writerow([inert(cell) for cell in cells])
    return text.getvalue()


def inert(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
