"""`vitals-clinic checkpoint` and `verify-ledger`: sign the ledger, and compute it all again."""

from pathlib import Path
from typing import TYPE_CHECKING

from cloud_sync.commands.opened import Opened, opened, say, say_json

if TYPE_CHECKING:
    from cloud_sync.ledger.evidence import Fault, Sound


def checkpoint(directory: Path) -> int:
    """Sign how long the ledger is and what its root is; the note is printed.

    Keep a copy where the server's administrator cannot reach: it shows a cut tail for ever.

    Example: vitals-clinic checkpoint /srv/clinic > 2026-11-24.note

    Parameters
    ----------
    directory
        The clinic's directory.

    """
    from cloud_sync.anchor import Anchor

    with opened(directory) as clinic:
        note = Anchor(clinic.config, clinic.store, lambda: clinic.at_ms).take()
    say((note or "Nothing is recorded yet.").rstrip("\n"))
    return 0


def verify_ledger(directory: Path, *, note: tuple[Path, ...] = (), json: bool = False) -> int:
    """Compute the whole ledger again; exit code 1 names the first row that does not fit.

    Checkpoints and time stamps are checked with it.

    Example: vitals-clinic verify-ledger /srv/clinic --note 2026-11-24.note

    Parameters
    ----------
    directory
        The clinic's directory.
    note
        A checkpoint that was kept elsewhere; may be given several times.
    json
        Answer as JSON, for a script.

    """
    from dataclasses import asdict

    from cloud_sync.ledger.evidence import Fault

    with opened(directory) as clinic:
        found = _verify(clinic, note)
    tampered = isinstance(found, Fault)
    if json:
        say_json({"sound": not tampered, **asdict(found)})
    elif isinstance(found, Fault):
        say(f"The ledger was tampered with. First: {found.what}: {found.words}.")
    else:
        say(
            f"The ledger is sound: {found.entries} entries, {found.signed} of them signed;"
            f" {found.in_batches} rows of hubs in batches,"
            f" {found.waiting} wait for the next checkpoint."
        )
    return 1 if tampered else 0


def _verify(clinic: Opened, given: tuple[Path, ...]) -> "Sound | Fault":
    from cloud_sync import stamping
    from cloud_sync.identity import checkpoint as notes
    from cloud_sync.ledger import checkpoints, evidence

    directory = clinic.config.directory
    latest = directory / notes.LATEST
    beside = [latest] if latest.exists() else []
    try:
        verifier = (directory / notes.PUBLIC).read_text()
        texts = {str(path): path.read_text() for path in (*beside, *given)}
    except FileNotFoundError as missing:
        say(f"There is no {missing.filename}: run `vitals-clinic checkpoint` first.")
        raise SystemExit(2) from None
    with clinic.store.read() as db:
        texts |= {f"note {n} of the database": t for n, t in enumerate(checkpoints.notes(db), 1)}
        signed: dict[int, bytes] = {}
        for name, text in texts.items():
            found = notes.verify(text, verifier)
            if found is None or signed.setdefault(found.size, found.root) != found.root:
                return evidence.Fault(what=name, words="the clinic's key did not sign this")
        false = stamping.first_false(db)
        if false is not None:
            return evidence.Fault(what="a time stamp", words=f"it does not hold, {false}")
        return evidence.verify(db, signed)
