"""`vitals-clinic time`: bring in care time that another system kept."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

if TYPE_CHECKING:
    from cloud_sync.ledger.time_import import Plan

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]
Flag = Annotated[bool, cyclopts.Parameter(negative=())]
BAD_ROWS = 1

app = cyclopts.App(name="time", help="Bring in care time that another system kept.")


@app.command(name="import")
def import_time(
    directory: Path, file: Path, *, source: str, dry_run: Flag = False, as_json: Json = False
) -> int:
    """Take in a CSV file of care time. Each row comes in once, however often it is imported.

    A row that overlaps other time is kept and flagged; such seconds count as the rules say, for
    neither of two programs until a person splits them. If a row cannot be read, nothing is taken
    in and every such row is named (exit code 1).

    Columns: patient (record number or id), staff (user name), program, start, end, note; and if
    you have them: id, activity, mode, interactive, direction, party, patients. A time without an
    offset is the patient's local time.

    Example: vitals-clinic time import /srv/clinic october.csv --source "old log" --dry-run

    Parameters
    ----------
    directory
        The clinic's directory.
    file
        The CSV file.
    source
        What the practice calls the system it comes from. Row ids are known by it: keep it the same.
    dry_run
        Say what would happen; change nothing.
    as_json
        Print the report as JSON.

    """
    from hashlib import sha256

    from cloud_sync.commands.opened import opened
    from cloud_sync.ledger import time_csv, time_import
    from cloud_sync.ledger.refused import Refused
    from cloud_sync.ledger.staff import OPERATOR

    with opened(directory) as clinic:
        try:
            raw = file.read_bytes()
            rows, faults = time_csv.parse(raw.decode())
        except OSError as error:
            raise Refused(f"{file} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise Refused(f"{file} is no text in UTF-8: save it as CSV UTF-8.") from None
        if not source.strip():
            raise Refused("Name the system that the file comes from.")
        with clinic.store.write() as db:
            found = time_import.plan(db, rows, source=source.strip(), at_ms=clinic.at_ms)
            problems = sorted((*faults, *found.problems), key=lambda one: one.line)
            kept = not (dry_run or problems) and bool(found.new)
            if kept:
                time_import.keep(
                    db,
                    found,
                    source=source.strip(),
                    digest=sha256(raw).digest(),
                    author=OPERATOR,
                    at_ms=clinic.at_ms,
                )
        report = {
            "kept": kept,
            "new": len(found.new),
            "known": len(found.known),
            "problems": [{"line": one.line, "words": one.words} for one in problems],
            "overlaps": [
                {"line": one.row.line, "words": list(one.overlaps)}
                for one in found.new
                if one.overlaps
            ],
        }
        _tell(report, found, as_json=as_json, dry_run=dry_run)
        return BAD_ROWS if problems else 0


def _tell(report: "dict[str, object]", found: "Plan", *, as_json: bool, dry_run: bool) -> None:
    from cloud_sync.commands.opened import say, say_json

    if as_json:
        say_json(report)
        return
    problems = report["problems"]
    assert isinstance(problems, list)
    for one in problems:
        say(f"Line {one['line']}: {one['words']}.")
    for planned in found.new:
        for words in planned.overlaps:
            say(f"Line {planned.row.line}: {words}")
    number = len(found.new)
    many = f"{number} {'row' if number == 1 else 'rows'}"
    again = f"; {len(found.known)} were there already" if found.known else ""
    if problems:
        say(f"Nothing was taken in: {len(problems)} of the lines cannot be read{again}.")
    elif dry_run:
        say(f"{many} would be taken in{again}. Nothing was changed.")
    else:
        say(f"{many} taken in{again}.")
