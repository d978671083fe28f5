"""`vitals-clinic close`: fix a month for every patient, and say what has changed since."""

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

if TYPE_CHECKING:
    from cloud_sync.commands.opened import Opened
    from cloud_sync.ledger.month_end import Closed

MOST_ROWS = 100  # of a longer table nobody reads the rows
WORTH_SPREADING = 2000  # patients: below it, starting processes takes longer than it saves
STATES = {
    "open": "not over yet",
    "ready": "ready to sign",
    "signed": "signed",
    "reopened": "opened again, to be signed",
    "erased": "erased under retention",
}


def close(
    directory: Path,
    month: str,
    *,
    patient: Annotated[str | None, cyclopts.Parameter(help="Only this patient's id.")] = None,
    as_json: Json = False,
) -> int:
    """Close a month: one unchangeable snapshot for each patient, to be signed by a practitioner.

    Run it again at any time: a patient of whom nothing new arrived is left as it is; one of whom
    something did gets a further version that names it, and the signature under the old is void.
    A month that was erased under retention stays as it is, and says when.

    Example: vitals-clinic close /srv/clinic 2026-01

    Parameters
    ----------
    directory
        The clinic's directory.
    month
        The calendar month, as 2026-01.
    patient
        Only this patient's id.
    as_json
        Print an array of {"patient", "month", "state", "version", "reason", "digest"}; the reason
        is why it was opened again, or when it was erased.

    """
    from cloud_sync.commands.opened import opened, say, say_json, say_table
    from cloud_sync.ledger.refused import Refused
    from cloud_sync.rules.calendar import month_named

    with opened(directory) as clinic:
        try:
            month_named(month)
        except ValueError:
            raise Refused("Write the month as 2026-01.") from None
        found = _close_all(clinic, month, patient, quiet=as_json)
    if as_json:
        say_json([_plain(one, month) for one in found])
        return 0
    shown = (
        found
        if len(found) <= MOST_ROWS
        else [one for one in found if one.reason and one.state != "erased"]
    )
    if shown:
        say_table(
            ("Patient", "Record", "State", "Version", "Why again, or when erased"),
            [_row(one) for one in shown],
        )
    if len(shown) < len(found):
        say("Of so many patients only those whose month was opened again are listed.")
    totals = Counter(STATES[one.state] for one in found)
    say(", ".join(f"{count} {words}" for words, count in totals.items()) or "No patients.")
    return 0


def _close_all(clinic: "Opened", month: str, only: str | None, *, quiet: bool) -> "list[Closed]":
    """Short transactions: the server beside it keeps writing. On all cores where it pays."""
    from rich.console import Console
    from rich.progress import Progress

    from cloud_sync.identity.data_keys import ClinicKeyFile
    from cloud_sync.ledger import month_end, people

    with clinic.store.read() as db:
        everyone = [people.find(db, only)] if only else people.everyone(db)
    found: list[Closed] = []
    processes = (os.cpu_count() or 1) if len(everyone) >= WORTH_SPREADING else 1
    console = Console(stderr=True, quiet=quiet)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(f"Closing {month}", total=len(everyone))
        for chunk in month_end.close_all(
            clinic.store,
            clinic.config.database_url,
            everyone,
            month,
            author=AUTHOR,
            at_ms=clinic.at_ms,
            processes=processes,
            keys=ClinicKeyFile(clinic.config.keys),
        ):
            found += chunk
            bar.advance(task, len(chunk))
    return found


def _row(one: "Closed") -> tuple[str, ...]:
    version = "" if one.version is None else str(one.version)
    return (
        one.patient_id,
        one.record_number or "",
        STATES[one.state],
        version,
        one.reason or "",
    )


def _plain(one: "Closed", month: str) -> dict[str, Any]:
    return {
        "patient": one.patient_id,
        "month": month,
        "state": one.state,
        "version": one.version,
        "reason": one.reason,
        "digest": one.digest.hex() if one.digest else None,
    }
