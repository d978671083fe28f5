"""`vitals-clinic practice`: the practice's own name, NPI and address, from which date on."""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]

app = cyclopts.App(name="practice", help="Record the practice's name, NPI and address; show them.")


@app.command(name="set")
def set_practice(  # noqa: PLR0913 - one flag a column
    directory: Path,
    name: str,
    *,
    since: date,
    reason: str,
    npi: str | None = None,
    address: str | None = None,
    practice: str = "main",
) -> None:
    """Record what the practice is called, from a date on. What was before stays.

    Example: vitals-clinic practice set /srv/clinic "Juniper Family Practice" --since 2026-01-01
    --npi 1234567893 --address "1 Main St, Denver CO 80202" --reason "first record"

    Parameters
    ----------
    directory
        The clinic's directory.
    name
        The name as it stands on a claim.
    since
        The first date on which it holds.
    reason
        Why; it stands beside the change for good.
    npi
        The practice's National Provider Identifier.
    address
        The postal address.
    practice
        A short name for this practice, where the clinic serves several.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import practices
    from cloud_sync.ledger.staff import OPERATOR

    with opened(directory) as clinic:
        detail = practices.Detail(
            practice=practice,
            name=name,
            npi=npi,
            address=address,
            effective_from=since,
            reason=reason,
            recorded_at_ms=clinic.at_ms,
            author=OPERATOR,
        )
        with clinic.store.write() as db:
            practices.record(db, detail)
        say(f"{name.strip()} is on record from {since.isoformat()} on.")


@app.command
def show(directory: Path, *, as_json: Json = False) -> None:
    """Show every practice with its changes.

    Example: vitals-clinic practice show /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import practices

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = practices.history(db)
        if as_json:
            say_json(
                [{**asdict(one), "effective_from": one.effective_from.isoformat()} for one in found]
            )
            return
        say_table(
            ("Practice", "From", "Name", "NPI", "Address", "Why"),
            [
                (
                    one.practice,
                    one.effective_from.isoformat(),
                    one.name,
                    one.npi or "",
                    one.address or "",
                    one.reason,
                )
                for one in found
            ],
        )
