"""`vitals-clinic packet` writes a closed month's evidence; `vitals-clinic verify` checks one."""

from pathlib import Path
from typing import Annotated

import cyclopts

from cloud_sync.commands.patient import Json

NOT_SOUND = 1
NOTHING_TO_CHECK = 2


def packet(directory: Path, patient: str, month: str, target: Path) -> None:
    """Write the evidence packet of a patient's closed month; the same facts, the same bytes.

    Example: vitals-clinic packet /srv/clinic 6f1c... 2026-01 january.zip

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    month
        The calendar month, as 2026-01; it must have been closed.
    target
        The file to write; it must not exist.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.export import packet as export
    from cloud_sync.ledger import reopening
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        seal = export.load_seal(directory)
        with clinic.store.write() as db:  # what arrived since the closing opens the month again
            reopening.settled(db, patient, month, clinic.at_ms)
        with clinic.store.read() as db:
            raw = export.build(db, seal, patient, month)
        try:
            with target.open("xb") as file:
                file.write(raw)
        except OSError as error:
            raise Refused(f"{target} cannot be written: {error.strerror}.") from None
        say(f"{target}: {len(raw)} bytes. Root key {seal.root.hex()}")


def verify(
    packet: Path,
    *,
    root: Annotated[str | None, cyclopts.Parameter(help="The clinic's root key, in hex.")] = None,
    clinic: Annotated[Path | None, cyclopts.Parameter(help="Or the clinic's directory.")] = None,
    as_json: Json = False,
) -> int:
    """Check an evidence packet, offline: exit code 0 where every byte is as it was signed, else 1.

    Example: vitals-clinic verify january.zip --clinic /srv/clinic

    Parameters
    ----------
    packet
        The packet.
    root
        The clinic's root key as 64 hex digits, had from the clinic itself.
    clinic
        The clinic's directory, to take the root key from.
    as_json
        Print {"sound", "problems"}.

    """
    from cloud_sync.commands.opened import say, say_json
    from cloud_sync.export import verify as check

    try:
        raw = packet.read_bytes()
        pinned = bytes.fromhex(root) if root else None
        if clinic is not None:
            pinned = (clinic / "root.pub").read_bytes()
    except (OSError, ValueError) as error:
        say(f"There is nothing to check: {error}.")
        return NOTHING_TO_CHECK
    found = check.problems(raw, pinned)
    if as_json:
        say_json({"sound": not found, "problems": found})
    elif found:
        say("NOT SOUND\n" + "\n".join(f"- {one}" for one in found))
    else:
        say(f"SOUND: every byte is as it was signed.\n{check.summary(raw)}")
        if pinned is None:
            say("Compare the root key with the one the clinic gives you.")
    return NOT_SOUND if found else 0
