"""`vitals-clinic staff`: accounts of the people who work at the clinic, and as whom they work."""

import sys
from pathlib import Path
from typing import Annotated

import cyclopts

from cloud_sync.commands import staff_history

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]

app = cyclopts.App(
    name="staff", help="Add, list and disable accounts; record role, credential and employer."
)
app.command(staff_history.change)
app.command(staff_history.history)


@app.command
def add(  # noqa: PLR0913 - one flag a column
    directory: Path,
    username: str,
    *,
    name: str,
    role: str = "clinician",
    billing_role: str = "clinical_staff",
    credential: str | None = None,
    employer: str | None = None,
    npi: str | None = None,
    password_file: Path | None = None,
    as_json: Json = False,
) -> None:
    """Open an account. The password is asked for, or read from a file (- is standard input).

    Example: vitals-clinic staff add /srv/clinic nia --name "Nia Okafor" --credential RN

    Parameters
    ----------
    directory
        The clinic's directory.
    username
        The name to sign in with: a-z, 0-9, dot, hyphen, underscore.
    name
        The full name; it stands beside every minute in the record.
    role
        What the person may do: reader, biller, clinician, admin or auditor.
    billing_role
        As whom the rules count the person's time: clinical_staff, practitioner or non_clinical.
    credential
        RN, LPN, CMA, MD and the like.
    employer
        Who employs the person, if it is not the practice.
    npi
        The National Provider Identifier of a practitioner.
    password_file
        A file with the password, at least 15 characters.
    as_json
        Print {"id": ..., "username": ...}.

    """
    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.ledger import staff

    password = _password(password_file)
    details: dict[str, object] = {"credential": credential, "npi": npi, "employer": employer}
    details["employed"] = employer is None
    with opened(directory) as clinic:
        with clinic.store.write() as db:
            identity = staff.create(
                db,
                clinic.store,
                username=username,
                full_name=name,
                role=role,
                billing_role=billing_role,
                password=password,
                at_ms=clinic.at_ms,
                details=details,
            )
        if as_json:
            say_json({"id": identity, "username": username.lower()})
        else:
            say(f"{username.lower()} can sign in now, as {role}.")


@app.command(name="list")
def list_staff(directory: Path, *, as_json: Json = False) -> None:
    """Show every account, disabled ones too.

    Example: vitals-clinic staff list /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import staff, staff_details

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            accounts = staff.everyone(db)
            roster = staff_details.roster(db)
        today = staff_details.utc_day(clinic.at_ms)
        now = [(a, roster.role(a.id, today), roster.on(a.id, today)) for a in accounts]
        if as_json:
            say_json(
                [
                    {
                        **asdict(a),
                        "billing_role": role,
                        "credential": detail and detail.credential,
                        "employed": roster.employed(a.id, today),
                        "employer": detail and detail.employer,
                        "npi": detail and detail.npi,
                    }
                    for a, role, detail in now
                ]
            )
            return
        say_table(
            ("User name", "Name", "Role", "Billing role", "Credential", "Employer", "State"),
            [
                (
                    a.username,
                    a.full_name,
                    a.role,
                    role,
                    (detail and detail.credential) or "",
                    (detail and detail.employer) or "the practice",
                    _state(a.disabled_at_ms),
                )
                for a, role, detail in now
            ],
        )


@app.command
def disable(directory: Path, username: str) -> None:
    """Close an account for good: its sessions end now, its entries stay.

    Example: vitals-clinic staff disable /srv/clinic nia

    Parameters
    ----------
    directory
        The clinic's directory.
    username
        The name the person signs in with.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import staff

    with opened(directory) as clinic:
        with clinic.store.write() as db:
            staff.disable(db, username, clinic.at_ms)
        say(f"{username} can no longer sign in.")


@app.command
def password(directory: Path, username: str, *, password_file: Path | None = None) -> None:
    """Set a new password; every session of the account ends.

    Example: vitals-clinic staff password /srv/clinic nia

    Parameters
    ----------
    directory
        The clinic's directory.
    username
        The name the person signs in with.
    password_file
        A file with the password (- is standard input); without it you are asked.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import staff

    typed = _password(password_file)
    with opened(directory) as clinic:
        with clinic.store.write() as db:
            staff.set_password(db, username, typed)
        say(f"The password of {username} is changed.")


def _state(disabled_at_ms: int | None) -> str:
    return "active" if disabled_at_ms is None else "disabled"


def _password(file: Path | None) -> str:
    """Never from the command line: other users of the machine could read it there."""
    if file is None:
        from getpass import getpass

        return getpass("Password (at least 15 characters): ")
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\n")
    try:
        return file.read_text().rstrip("\n")
    except OSError as error:
        raise SystemExit(f"The password file cannot be read: {error.strerror}.") from None
