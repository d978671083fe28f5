"""`vitals-clinic fees`: the table of amounts a practice may lay beside its determinations."""

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

if TYPE_CHECKING:
    from cloud_sync.fees.schedule import Problem, Schedule

FILE = "fees.csv"  # in the clinic's directory
BAD_FILE = 1
BAD_USE = 2

app = cyclopts.App(name="fees", help="Amounts by code, for orientation; never part of a claim.")


@app.command
def example() -> int:
    """Print a schedule to begin with: national amounts, disputed ones marked with ?.

    Example: vitals-clinic fees example > fees.csv
    """
    from cloud_sync.fees import schedule

    sys.stdout.write(schedule.national())
    return 0


@app.command
def check(
    file: Path,
    *,
    on: date | None = None,
    json: Annotated[bool, cyclopts.Parameter(negative="")] = False,
) -> int:
    """Read a fee schedule and show what it says. Exit code 1 where it cannot be read.

    Put it into the clinic's directory as fees.csv, and `determine --clinic` shows the amounts.

    Example: vitals-clinic fees check fees.csv --on 2026-03-31

    Parameters
    ----------
    file
        A CSV file with the columns code, from, to, amount, locality and source.
    on
        Show only what is in force on this day.
    json
        Print a JSON array; amounts are texts, such as "52.11?".

    """
    from cloud_sync.commands.opened import say_json, say_table
    from cloud_sync.fees import schedule

    found = load(file)
    if isinstance(found, str | schedule.Problem):
        sys.stderr.write(f"vitals-clinic fees: {file} is no fee schedule: {found}.\n")
        return BAD_FILE
    rows = [
        {
            "code": one.code,
            "from": "" if one.first == date.min else one.first.isoformat(),
            "to": "" if one.last == date.max else one.last.isoformat(),
            "amount": f"{one.amount:.2f}" + ("?" if one.disputed else ""),
            "locality": one.locality,
            "source": one.source,
        }
        for one in found.amounts
        if on is None or on in one
    ]
    if json:
        say_json(rows)
    else:
        headings = ("Code", "From", "To", "Amount", "Locality", "Source")
        say_table(headings, [tuple(row.values()) for row in rows])
    return 0


def load(path: Path) -> "Schedule | Problem | str":
    """The schedule of a file, what is wrong with it, or why it cannot be read at all."""
    from cloud_sync.fees import schedule

    try:
        return schedule.read(path.read_text(encoding="utf-8"))
    except OSError as error:
        return str(error.strerror)
    except UnicodeDecodeError:
        return "it is no UTF-8 text; save it as CSV UTF-8"
