"""`vitals-clinic close`: fix a month for every patient, and say what has changed since."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

if TYPE_CHECKING:
    from cloud_sync.commands.opened import Opened
    from cloud_sync.ledger.closing import Standing

STATES = {
    "open": "not over yet",
    "ready": "ready to sign",
    "signed": "signed",
    "reopened": "opened again, to be signed",
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
        Print an array of {"patient", "state", "version", "reason", "digest"}.

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
        say_json([_plain(one) for one in found])
        return 0
    say_table(
        ("Patient", "Record", "State", "Version", "Opened again because"),
        [
            (
                one.patient.id,
                one.patient.record_number or "",
                STATES[one.state],
                str(one.snapshot.version) if one.snapshot else "",
                (one.snapshot.reason or "") if one.snapshot else "",
            )
            for one in found
        ],
    )
    totals = Counter(STATES[one.state] for one in found)
    say(", ".join(f"{count} {words}" for words, count in totals.items()) or "No patients.")
    return 0


def _close_all(clinic: "Opened", month: str, only: str | None, *, quiet: bool) -> "list[Standing]":
    """One short transaction a patient: the server beside it keeps writing."""
    from rich.console import Console
    from rich.progress import track

    from cloud_sync.ledger import closing, people

    with clinic.store.read() as db:
        everyone = [people.find(db, only)] if only else people.everyone(db)
    found = []
    console = Console(stderr=True, quiet=quiet)
    for one in track(everyone, f"Closing {month}", console=console, transient=True):
        if closing.is_over(one, month, clinic.at_ms):
            with clinic.store.write() as db:
                found.append(closing.close(db, one.id, month, author=AUTHOR, at_ms=clinic.at_ms))
        else:
            with clinic.store.read() as db:
                found.append(closing.standing(db, one, month, clinic.at_ms))
    return found


def _plain(one: "Standing") -> dict[str, Any]:
    snapshot = one.snapshot
    return {
        "patient": one.patient.id,
        "month": one.month,
        "state": one.state,
        "version": snapshot.version if snapshot else None,
        "reason": snapshot.reason if snapshot else None,
        "digest": snapshot.digest.hex() if snapshot else None,
    }
