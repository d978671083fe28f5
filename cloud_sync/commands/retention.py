"""`vitals-clinic retention`: what has been kept long enough, and what a legal hold keeps longer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

if TYPE_CHECKING:
    from cloud_sync.ledger.retention import Kept

app = cyclopts.App(
    name="retention", help="Which records are due for erasure, and which a legal hold keeps."
)


@app.command
def due(directory: Path, *, as_json: Json = False) -> None:
    """List every patient's year whose time is over: due, or why it is kept on.

    A year is kept for `retention_years` (see `settings`; ten where nobody changed it), counted from
    the later of its last service and its last claim. A legal hold or a month that was never closed
    keeps it longer. Nothing is erased by this command.

    Example: vitals-clinic retention due /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print {"years", "over": [{"patient", "year", "due", "blocks", ...}], "not_yet", "next_ms"}.

    """
    from cloud_sync.commands.opened import opened, say, say_json, say_table
    from cloud_sync.ledger import retention
    from cloud_sync.ledger.local_time import local

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = retention.review(db, clinic.at_ms)
        if as_json:
            over = [_plain(one) for one in found.over]
            document = {"years": found.years, "over": over, "not_yet": found.not_yet}
            say_json(document | {"next_ms": found.next_ms})
            return
        if found.over:
            say_table(
                ("Patient", "Record", "Year", "Kept until", "Now"),
                [_row(one, clinic.config.zone) for one in found.over],
            )
        ready = sum(one.due for one in found.over)
        say(
            f"{ready} due, {len(found.over) - ready} kept on. Records are kept {found.years} years."
        )
        if found.next_ms is not None:
            say(f"The next is due on {local(found.next_ms, clinic.config.zone):%Y-%m-%d}.")


@app.command
def hold(
    directory: Path,
    *,
    reason: str,
    patient: Annotated[str | None, cyclopts.Parameter(help="The patient's id.")] = None,
    practice: Annotated[bool, cyclopts.Parameter(negative=())] = False,
    as_json: Json = False,
) -> None:
    """Place a legal hold on a patient, or on the whole practice, and print its id.

    Example: vitals-clinic retention hold /srv/clinic --practice --reason "Subpoena of 3 May 2031"

    Parameters
    ----------
    directory
        The clinic's directory.
    reason
        The letter, the court or the audit that asks for it.
    patient
        The patient's id.
    practice
        Instead of a patient: everything.
    as_json
        Print {"id": ...}.

    """
    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.ledger import holds
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        if practice == (patient is not None):
            raise Refused("Name either a patient, by --patient ID, or --practice.")
        with clinic.store.write() as db:
            identity = holds.place(
                db, patient_id=patient, reason=reason, author=AUTHOR, at_ms=clinic.at_ms
            )
        if as_json:
            say_json({"id": identity})
        else:
            say(identity)


@app.command(name="release-hold")
def release_hold(directory: Path, hold_id: str, *, reason: str) -> None:
    """Lift a legal hold; the hold and its end both stay on record.

    Example: vitals-clinic retention release-hold /srv/clinic 5d2f... --reason "Case dismissed"

    Parameters
    ----------
    directory
        The clinic's directory.
    hold_id
        As `retention holds` lists it.
    reason
        Why it ends.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import holds

    with opened(directory) as clinic:
        with clinic.store.write() as db:
            holds.lift(db, hold_id, reason=reason, author=AUTHOR, at_ms=clinic.at_ms)
        say("The hold is lifted.")


@app.command(name="holds")
def list_holds(directory: Path, *, as_json: Json = False) -> None:
    """Show every legal hold, those that were lifted too.

    Example: vitals-clinic retention holds /srv/clinic --json

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import holds
    from cloud_sync.ledger.local_time import local

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = holds.every(db)
        if as_json:
            say_json([asdict(one) for one in found])
            return

        def day(at_ms: int | None) -> str:
            return "" if at_ms is None else f"{local(at_ms, clinic.config.zone):%Y-%m-%d}"

        say_table(
            ("Hold", "On", "Reason", "Since", "Lifted", "Because"),
            [
                (
                    one.id,
                    one.patient_id or "the practice",
                    one.reason,
                    day(one.placed_at_ms),
                    day(one.lifted_at_ms),
                    one.lift_reason or "",
                )
                for one in found
            ],
        )


def _row(one: "Kept", zone: str) -> tuple[str, ...]:
    from cloud_sync.ledger.local_time import local

    return (
        one.patient_id or "readings of nobody",
        one.record_number or "",
        str(one.year),
        f"{local(one.keep_until_ms, zone):%Y-%m-%d}",
        "; ".join(one.blocks) or "due",
    )


def _plain(one: "Kept") -> dict[str, Any]:
    return {
        "patient": one.patient_id,
        "record_number": one.record_number,
        "year": one.year,
        "due": one.due,
        "blocks": list(one.blocks),
        "last_service_ms": one.last_service_ms,
        "last_claim_ms": one.last_claim_ms,
        "keep_until_ms": one.keep_until_ms,
    }
