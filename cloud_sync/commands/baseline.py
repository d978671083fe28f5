"""`vitals-clinic baseline`: what a list of today's work would have counted for. Nothing is kept."""

import csv as csv_files
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts

from cloud_sync.commands.patient import Json

if TYPE_CHECKING:
    from cloud_sync.rules.baseline import Baseline
    from cloud_sync.rules.baseline.report import Judged, Month

BAD_LINES = 1
BAD_USE = 2
COLUMNS = (
    "line", "date", "staff", "patient", "minutes", "program", "suggested", "counted_minutes",
    "why_not", "look_at",
)  # fmt: skip


def baseline(  # noqa: PLR0913 - one option each
    file: Path | None = None,
    *,
    zone: str = "America/Denver",
    as_json: Json = False,
    csv: Path | None = None,
    html: Path | None = None,
    example: Annotated[bool, cyclopts.Parameter(negative=())] = False,
) -> int:
    """Say what a list of today's work would have counted for, as if all papers were on file.

    A program the list does not name is suggested from the words, and marked as a suggestion. The
    minutes are counted by the same rules as everybody's. Exit code 1 where a line was unreadable.

    Example: vitals-clinic baseline --example > today.csv, then vitals-clinic baseline today.csv

    Parameters
    ----------
    file
        A CSV with date, staff, role, patient, activity, note, contact, and minutes or start and
        end; may have program, entered, billed.
    zone
        IANA time zone of the times in it.
    as_json
        Print {"lines", "months", "excluded", "bad"}; minutes only, never dollars.
    csv
        Write each line with its verdict to this new file.
    html
        Write the whole answer as a page to this new file; it needs nothing else to be shown.
    example
        Print an example of such a CSV, and do nothing else.

    """
    from importlib import resources

    from cloud_sync.commands.opened import say, say_json

    if example:
        text = (resources.files("cloud_sync.commands") / "baseline-example.csv").read_text()
        say(text.rstrip())
        return 0
    found = _counted(file, zone)
    if isinstance(found, str):
        _complain(found)
        return BAD_USE
    for target, made in ((csv, table), (html, page)):
        if target is None:
            continue
        try:
            with target.open("x", encoding="utf-8", newline="") as written:
                written.write(made(found))
        except OSError as error:
            _complain(f"{target} cannot be written: {error.strerror}.")
            return BAD_USE
    if as_json:
        say_json(plain(found))
    else:
        _show(found)
    return BAD_LINES if found.bad else 0


def _counted(file: Path | None, zone: str) -> "Baseline | str":
    """The answer, or why there is none."""
    from zoneinfo import ZoneInfo

    from cloud_sync.rules.baseline import baseline as judged, read

    if file is None:
        return "Give a CSV file; see --example."
    try:
        named = ZoneInfo(zone)
        rows, bad = read(file.read_text(encoding="utf-8"), named)
    except UnicodeDecodeError:
        return f"{file} is no UTF-8 text: save it as “CSV UTF-8”."
    except (OSError, ValueError, KeyError) as error:
        return f"{file} cannot be read in {zone}: {error}."
    return judged(rows, bad, named)


def plain(found: "Baseline") -> dict[str, Any]:
    """The documented dictionary. Notes stay where they are: in the list."""
    return {
        "v": 1,
        "lines": [_line(one) for one in found.lines],
        "months": [_month(one) for one in found.months],
        "uncaptured": [
            {"patient": one.patient, "month": one.month, "program": one.program}
            for one in found.uncaptured()
        ],
        "excluded": {
            reason: {"lines": lines, "seconds": seconds}
            for reason, (lines, seconds) in found.excluded().items()
        },
        "bad": [{"line": one.line, "reason": one.reason} for one in found.bad],
    }


def _line(one: "Judged") -> dict[str, Any]:
    return {
        "line": one.row.line,
        "program": one.program,
        "suggested": one.suggested,
        "because": list(one.because),
        "counted_seconds": int(one.counted),
        "reasons": list(one.reasons),
        "remarks": list(one.remarks),
    }


def _month(one: "Month") -> dict[str, Any]:
    return {
        "patient": one.patient,
        "month": one.month,
        "program": one.program,
        "minutes": one.minutes,
        "recorded_minutes": one.recorded // 60,
        "live_contact": one.live_contact,
        "reached": one.reached,
        "lacking": {"code": one.lacking[0], "minutes": one.lacking[1]} if one.lacking else None,
        "billed": one.billed,
    }


def table(found: "Baseline") -> str:
    """Each line with its verdict; nothing in it becomes a formula."""
    from cloud_sync.export.self_audit import inert

    text = io.StringIO()
    writer = csv_files.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in found.lines:
        row = one.row
        cells = (
            str(row.line),
            row.on.isoformat(),
            row.staff,
            row.patient,
            _minutes(int(row.length.total_seconds())),
            one.program or "?",
            "yes" if one.suggested else "no",
            _minutes(int(one.counted)),
            " ".join(one.reasons),
            "; ".join(one.remarks),
        )
        writer.writerow([inert(cell) for cell in cells])
    for bad in found.bad:
        unread = [""] * (len(COLUMNS) - 3)
        writer.writerow([str(bad.line), *unread, inert(f"not read: {bad.reason}"), ""])
    return text.getvalue()


def page(found: "Baseline") -> str:
    """The whole answer as a page that stands alone."""
    from cloud_sync.web.counter import HERE, templates

    style = (HERE / "static" / "style.css").read_text()
    return templates().get_template("baseline.html").render(found=found, style=style)


def _show(found: "Baseline") -> None:
    from cloud_sync.commands.opened import say, say_table

    if found.months:
        rows: list[tuple[str, ...]] = [
            (
                one.patient,
                one.month,
                one.program,
                f"{one.minutes} of {one.recorded // 60}",
                one.reached or "below",
                f"{one.lacking[1]} more for {one.lacking[0]}" if one.lacking else "",
                _contact(one),
            )
            for one in found.months
        ]
        columns = ("Patient", "Month", "Program", "Minutes that count", "Level", "Missing", "")
        say_table(columns, rows)
    lost: list[tuple[str, ...]] = [
        (_minutes(seconds), str(lines), reason)
        for reason, (lines, seconds) in found.excluded().items()
    ]
    if lost:
        say_table(("Minutes that do not count", "Lines", "Why"), lost)
    looked = sum(1 for one in found.lines if one.remarks)
    suggested = sum(1 for one in found.lines if one.suggested)
    say(
        f"{len(found.lines)} lines read, {len(found.bad)} not; the program of {suggested} is our"
        f" suggestion; {looked} count but must be looked at (split, or entered late)."
    )
    if uncaptured := found.uncaptured():
        say(f"{len(uncaptured)} patient-months would earn a time code; no line marks them billed.")
    for bad in found.bad:
        say(f"line {bad.line}: {bad.reason}")


def _contact(one: "Month") -> str:
    return "no live contact" if one.program == "RPM" and not one.live_contact else ""


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def _complain(text: str) -> None:
    from rich.console import Console

    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
