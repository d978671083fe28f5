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
        Print {"years", "over": [{"patient", "year", "due", "blocks", ...}], "not_yet", "next_ms",
        "unsealed_rows"}.

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
            more = {"next_ms": found.next_ms, "unsealed_rows": found.unsealed.total}
            say_json(document | more)
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
        if found.unsealed.total:
            say(
                f"{found.unsealed.total} rows in this database were written before records were"
                " sealed: no erasure reaches them."
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


@app.command
def erase(
    directory: Path,
    *,
    approved_by: str,
    proof: Path,
    confirm: Annotated[bool, cyclopts.Parameter(negative=())] = False,
) -> None:
    """Destroy the keys of everything that is due, and write the signed proof of it.

    Nobody can undo this. What `retention due` lists as due can never be read again, in this
    database or in any copy of it; lists, counts and the ledger's chain stay. Make no backup of
    `keys/data.key` that outlives this command: the old one is destroyed and replaced by it.

    Example: vitals-clinic retention erase /srv/clinic --approved-by "Dr D" --proof e.json --confirm

    Parameters
    ----------
    directory
        The clinic's directory.
    approved_by
        Who answers for it; it stands in the proof.
    proof
        The new file for the proof; keep it elsewhere. `verify-erasure` checks it.
    confirm
        Without it nothing is erased.

    """
    from cloud_sync import eraser
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger.erasing import Approved
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        if not confirm:
            raise Refused("Look at `vitals-clinic retention due`, then add --confirm.")
        if not approved_by.strip():
            raise Refused("Say who approved it.")
        if proof.exists():
            raise Refused(f"{proof} exists already: name a new file for the proof.")
        approved = Approved(by=approved_by.strip(), author=AUTHOR, at_ms=clinic.at_ms)
        made = eraser.erase(clinic.config, clinic.store, approved, lambda: clinic.at_ms)
        proof.write_bytes(made)
        say(f"Erased. The proof is in {proof}.")


def verify_erasure(
    file: Path, *, key: Path | None = None, clinic: Path | None = None, as_json: Json = False
) -> int:
    """Check the proof of an erasure; exit code 1 says what is wrong with it.

    Example: vitals-clinic verify-erasure e.json --key checkpoint.vkey --clinic /srv/clinic

    Parameters
    ----------
    file
        What `retention erase` wrote.
    key
        The clinic's `checkpoint.vkey`, had from elsewhere; without it the proof's own is used,
        which shows only that nothing in the file was altered.
    clinic
        Also look there that the keys are gone and that the ledger holds the erasure.
    as_json
        Print {"sound", "words" or "statement"}.

    """
    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.identity import erasure_proof

    found = erasure_proof.verify(file.read_bytes(), key.read_text() if key else None)
    words = found.words if isinstance(found, erasure_proof.Flaw) else None
    if words is None and clinic is not None:
        from cloud_sync.ledger import erasures

        assert isinstance(found, erasure_proof.Sound)
        with opened(clinic) as at, at.store.read() as db:
            words = erasures.contradiction(db, found.statement, found.digest)
    if as_json:
        more = {"words": words} if words else {"statement": getattr(found, "statement", None)}
        say_json({"sound": words is None, **more})
    elif words is not None:
        say(f"This proves nothing: {words}.")
    else:
        assert isinstance(found, erasure_proof.Sound)
        said = found.statement
        say(
            f"Sound: {said['keys_destroyed']} keys to {said['rows']} rows were destroyed, approved"
            f" by {said['approved_by']}; the ledger had {found.size_before} entries before and"
            f" {found.size_after} after. {said['unsealed_rows']} rows from before records were"
            " sealed stayed as they were."
        )
    return 0 if words is None else 1


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
