"""Reads a table of care time that another system kept: one row an interval. Pure.

Columns: patient (record number or id), staff (user name), program, start, end, note; where there
are, also id, activity, mode, interactive, direction, party, patients. A time without an offset is
the patient's local time.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.ledger.care_entries import PROGRAMS, Work, check_work
from cloud_sync.ledger.refused import Refused

NEEDED = ("patient", "staff", "program", "start", "end", "note")
OPTIONAL = ("id", "activity", "mode", "interactive", "direction", "party", "patients")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0", "")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One interval as the file has it; `line` is where it stands."""

    line: int
    id: str | None
    patient: str
    staff: str
    program: str
    start: datetime
    end: datetime
    work: Work


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a row cannot be taken."""

    line: int
    words: str


def parse(text: str) -> tuple[list[Row], list[Problem]]:
    """Every row, or why it is none; Refused where the file is no such table at all."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")))
    names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
    missing = [name for name in NEEDED if name not in names]
    unknown = [name for name in names if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        said = f"it lacks {', '.join(missing)}" if missing else f"{unknown[0]!r} is none of them"
        raise Refused(
            f"The first line must name the columns {', '.join((*NEEDED, *OPTIONAL))}: {said}."
        )
    rows, problems = [], []
    for found in reader:
        values = {n: (v or "").strip() for n, v in zip(names, found.values(), strict=False)}
        if not any(values.values()):
            continue
        said = "; ".join(_faults(values)) if None not in found else "it has too many columns"
        if said:
            problems.append(Problem(line=reader.line_num, words=said))
            continue
        rows.append(_row(reader.line_num, values))
    return rows, problems


def _row(line: int, values: dict[str, str]) -> Row:
    return Row(
        line=line,
        id=values.get("id") or None,
        patient=values["patient"],
        staff=values["staff"].lower(),
        program=_program(values),
        start=datetime.fromisoformat(values["start"]),
        end=datetime.fromisoformat(values["end"]),
        work=_work(values),
    )


def _program(values: dict[str, str]) -> str:
    text = values["program"]
    return "other" if text.lower() == "other" else text.upper()


def _work(values: dict[str, str]) -> Work:
    return Work(
        activity=(values.get("activity") or "Imported")[:64],
        note=values["note"],
        mode=values.get("mode") or "none",
        interactive=values.get("interactive", "").lower() in _YES,
        direction=values.get("direction") or None,
        party=values.get("party") or None,
        patients=int(values.get("patients") or 1),
    )


def _faults(values: dict[str, str]) -> Iterator[str]:
    for name in ("patient", "staff"):
        if not values[name]:
            yield f"it names no {name}"
    if _program(values) not in PROGRAMS:
        yield f"the program must be one of {', '.join(PROGRAMS)}"
    for name in ("start", "end"):
        try:
            datetime.fromisoformat(values[name])
        except ValueError:
            yield f"{name} is no date and time such as 2026-11-03T10:15"
    if values.get("interactive", "").lower() not in (*_YES, *_NO):
        yield "interactive must be yes or no"
    number = values.get("patients") or "1"
    if not (number.isascii() and number.isdigit() and len(number) <= 3):
        yield "patients must be a number"
        return
    try:
        check_work(_work(values), imported=True)
    except Refused as refused:
        yield str(refused).rstrip(".")
