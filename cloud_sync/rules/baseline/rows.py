"""A list of what staff do today, read line by line: a bad line is told, and the rest goes on."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from cloud_sync.rules.case import YEARS
from cloud_sync.rules.shape import Role

NEEDED = ("date", "staff", "role", "patient", "activity", "note", "contact")
OPTIONAL = ("start", "end", "minutes", "program", "entered", "billed")
# What practices write as a role. Who is in neither list counts as unknown: their time does not.
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("clinical_staff", "clinical staff", "nurse", "rn", "lpn", "lvn", "ma",
                     "cma", "medical assistant", "pharmacist", "care manager"), "clinical_staff"),
    **dict.fromkeys(("practitioner", "physician", "doctor", "md", "do", "np", "pa", "cns",
                     "cnm"), "practitioner"),
}  # fmt: skip
_MODES = {
    "": "none", "none": "none", "no": "none", "phone": "phone", "call": "phone",
    "telephone": "phone", "video": "video", "in person": "in_person", "in_person": "in_person",
    "visit": "in_person", "text": "text", "sms": "text", "voicemail": "voicemail",
    "message left": "voicemail", "portal": "portal", "email": "portal",
}  # fmt: skip
_PROGRAMS = {"": None, "rpm": "RPM", "ccm": "CCM", "other": "other"}
_YES = {"yes", "y", "true", "1", "x"}
_DAY_MINUTES = 24 * 60
_CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M%p")
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line. Without `start` and `end` nobody can say what it overlaps."""

    line: int
    on: date
    staff: str
    role: Role
    patient: str
    length: timedelta
    start: datetime | None  # UTC
    end: datetime | None
    activity: str
    note: str
    mode: str
    program: str | None  # as the practice says; None where it does not
    entered_at: datetime | None
    billed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRow:
    """A line that cannot be read, and what to write instead."""

    line: int
    reason: str


class _UnreadableError(Exception):
    """Carries a reason out of a line; never leaves this module."""


def read(text: str, zone: ZoneInfo) -> tuple[tuple[Row, ...], tuple[BadRow, ...]]:
    """Every line of a CSV with a heading, times in this zone; bad lines apart.

    A heading that lacks a column is one bad line, and nothing else is read.
    """
    lines = list(_lines(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")))
    if not lines:
        return (), (BadRow(line=1, reason="the file is empty"),)
    heading = [cell.strip().lower().replace("patient key", "patient") for cell in lines[0][1]]
    problem = _heading_problem(heading)
    if problem is not None:
        return (), (BadRow(line=1, reason=problem),)
    good, bad = [], []
    for number, cells in lines[1:]:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            good.append(_row(number, _named(heading, cells), zone))
        except _UnreadableError as error:
            bad.append(BadRow(line=number, reason=str(error)))
    return tuple(good), tuple(bad)


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Cells with the number of the line they end on; a spreadsheet may have written semicolons."""
    first = text.split("\n", 1)[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        yield reader.line_num, [f"\0{error}"]


def _heading_problem(heading: Sequence[str]) -> str | None:
    missing = [name for name in NEEDED if name not in heading]
    if "minutes" not in heading and not {"start", "end"} <= set(heading):
        missing.append("minutes (or start and end)")
    if missing:
        return f"the heading lacks: {', '.join(missing)}; see --example"
    unknown = [name for name in heading if name and name not in {*NEEDED, *OPTIONAL}]
    if unknown:
        return f"the heading has unknown columns: {', '.join(unknown)}; see --example"
    return None


def _named(heading: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if cells and cells[0].startswith("\0"):
        raise _UnreadableError(f"this is no CSV from here on: {cells[0][1:]}")
    if len(cells) != len(heading):
        raise _UnreadableError(f"{len(cells)} cells under {len(heading)} headings")
    return {name: cell.strip() for name, cell in zip(heading, cells, strict=True)}


def _row(line: int, cells: Mapping[str, str], zone: ZoneInfo) -> Row:
    on = _date(cells["date"])
    start, end = _bounds(on, cells, zone)
    for name in ("staff", "patient"):
        if not cells[name]:
            raise _UnreadableError(f"{name}: say who")
    return Row(
        line=line,
        on=on,
        staff=cells["staff"],
        role=_ROLES.get(cells["role"].lower(), "non_clinical"),
        patient=cells["patient"],
        length=_length(cells.get("minutes", "")) if start is None else _between(start, end),
        start=start,
        end=end,
        activity=cells["activity"],
        note=cells["note"],
        mode=_chosen(_MODES, "contact", cells["contact"]),
        program=_chosen(_PROGRAMS, "program", cells.get("program", "")),
        entered_at=_entered(cells.get("entered", ""), zone),
        billed=cells.get("billed", "").lower() in _YES,
    )


def _chosen(known: Mapping[str, str | None], column: str, text: str) -> str:
    if text.lower() not in known:
        words = ", ".join(sorted({value for value in known.values() if value}))
        raise _UnreadableError(f"{column}: “{text}” is none of: {words}")
    return known[text.lower()]  # type: ignore[return-value]  # None only where the map has it


def _date(text: str) -> date:
    for form in _DATES:
        try:
            found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        if found.year not in YEARS:
            break
        return found
    raise _UnreadableError(f"date: “{text}” is none; write 2026-01-05 or 1/5/2026")


def _bounds(
    on: date, cells: Mapping[str, str], zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    texts = cells.get("start", ""), cells.get("end", "")
    if texts == ("", ""):
        return None, None
    if "" in texts:
        raise _UnreadableError("give both start and end, or minutes alone")
    start, end = (_clock(text, name) for text, name in zip(texts, ("start", "end"), strict=True))
    first = datetime.combine(on, start, tzinfo=zone)
    last = datetime.combine(on, end, tzinfo=zone)
    if last <= first:
        raise _UnreadableError("the end must come after the start, on the same date")
    return first.astimezone(UTC), last.astimezone(UTC)


def _clock(text: str, column: str) -> time:
    for form in _CLOCKS:
        try:
            return datetime.strptime(text.upper(), form).time()  # noqa: DTZ007 - a wall clock
        except ValueError:
            continue
    raise _UnreadableError(f"{column}: “{text}” is no time; write 14:05 or 2:05 PM")


def _between(start: datetime, end: datetime | None) -> timedelta:
    assert end is not None, "both or neither"
    return end - start


def _length(text: str) -> timedelta:
    try:
        minutes = Decimal(text)
    except InvalidOperation:
        minutes = Decimal(-1)
    if not minutes.is_finite() or not 0 < minutes <= _DAY_MINUTES:
        raise _UnreadableError(f"minutes: “{text}” is no length between 0 and 24 hours")
    return timedelta(microseconds=int(minutes * 60_000_000))


def _entered(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%m/%d/%Y %H:%M"):
        try:
            found = datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
        return found.astimezone(UTC)
    raise _UnreadableError(f"entered: “{text}” is no moment; write 2026-01-05 14:05")
