"""`vitals-clinic packet` writes a closed month's evidence; `vitals-clinic verify` checks one."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

if TYPE_CHECKING:
    from cloud_sync.commands.opened import Opened
    from cloud_sync.export.packet import Seal

ROUTE = "vitals-clinic packet"
NOT_SOUND = 1
NOTHING_TO_CHECK = 2


def packet(directory: Path, patient: str, month: str, target: Path) -> None:
    """Write the evidence packet of a patient's closed month; the same facts, the same bytes.

    A packet has the month's minutes and each 30-day period that ends in the month, from its first
    day on. The export is noted in the log of views.

    Example: vitals-clinic packet /srv/clinic 6f1c... 2026-01 january.zip

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    month
        The calendar month, as 2026-01, or a date of service, as 2026-01-31: the day that a claim
        names. The month must have been closed.
    target
        The file to write; it must not exist.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import audit
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        seal, raw = _made(clinic, patient, month[:7])
        if target.exists():
            raise Refused(f"{target} cannot be written: it is there already.")
        with clinic.store.write() as db:
            audit.record(db, staff_id=AUTHOR, patient_id=patient, route=ROUTE, at_ms=clinic.at_ms)
        try:
            with target.open("xb") as file:
                file.write(raw)
        except OSError as error:
            raise Refused(f"{target} cannot be written: {error.strerror}.") from None
        digest = hashlib.sha256(raw).hexdigest()
        say(f"{target}: {len(raw)} bytes, SHA-256 {digest}. Root key {seal.root.hex()}")


def _made(clinic: "Opened", patient: str, month: str) -> "tuple[Seal, bytes]":
    """The packet; where something of it is not signed yet, the ledger is signed first."""
    from cloud_sync.anchor import Anchor
    from cloud_sync.export import packet as export
    from cloud_sync.ledger import reopening
    from cloud_sync.ledger.proofs import Unsigned

    anchor = Anchor(clinic.config, clinic.store, lambda: clinic.at_ms)
    seal = export.load_seal(clinic.config)
    with clinic.store.write() as db:  # what arrived since the closing opens the month again
        reopening.settled(db, patient, month, clinic.at_ms)
    try:
        with clinic.store.read() as db:
            return seal, export.build(db, seal, patient, month)
    except Unsigned:
        anchor.take()
    with clinic.store.read() as db:
        return seal, export.build(db, seal, patient, month)


def verify(
    packet: Path,
    *,
    root: Annotated[str | None, cyclopts.Parameter(help="The clinic's root key, in hex.")] = None,
    clinic: Annotated[Path | None, cyclopts.Parameter(help="Or the clinic's directory.")] = None,
    authority: Path | None = None,
    as_json: Json = False,
) -> int:
    """Check an evidence packet, offline, and say in words what was verified and what was not.

    Exit code 0 where every byte is as it was signed and every row is in the signed ledger, 1 where
    not, 2 where there is nothing to check. The `verify.py` in each packet says the same.

    Example: vitals-clinic verify january.zip --clinic /srv/clinic

    Parameters
    ----------
    packet
        The packet.
    root
        The clinic's root key as 64 hex digits, had from the clinic itself.
    clinic
        The clinic's directory, to take the root key from.
    authority
        Certificates of time-stamp authorities that you trust, as PEM; else those in the packet.
    as_json
        Print {"sound", "problems", "verified", "not_verified", ...}.

    """
    from cloud_sync.commands.opened import say, say_json
    from cloud_sync.export.verifier.report import examine
    from cloud_sync.export.verify import read_authorities

    try:
        raw = packet.read_bytes()
        pinned = bytes.fromhex(root) if root else None
        if clinic is not None:
            pinned = (clinic / "root.pub").read_bytes()
        trusted = read_authorities(authority)
    except (OSError, ValueError) as error:
        say(f"There is nothing to check: {error}.")
        return NOTHING_TO_CHECK
    report = examine(raw, pinned, trusted)
    if as_json:
        say_json(report.plain())
    else:
        say(report.text().rstrip("\n"))
    return 0 if report.sound else NOT_SOUND
