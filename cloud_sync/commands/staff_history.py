"""`vitals-clinic staff change` and `history`: as whom somebody works, from which date on."""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]


def change(  # noqa: PLR0913 - one flag a column
    directory: Path,
    username: str,
    *,
    since: date,
    reason: str,
    billing_role: str | None = None,
    credential: str | None = None,
    employer: str | None = None,
    employed: bool | None = None,
    npi: str | None = None,
    practice: str | None = None,
) -> None:
    """Record that somebody works as something else from a date on. What was before stays.

    Time that is recorded keeps the role of its own date. A closed month that this touches shows
    the difference and is closed again with its reason; nothing moves in silence.

    Example: vitals-clinic staff change /srv/clinic nia --since 2026-12-01
    --billing-role practitioner --credential NP --npi 1234567893 --reason "licensed as NP"

    Parameters
    ----------
    directory
        The clinic's directory.
    username
        The name the person signs in with.
    since
        The first date on which it holds, as 2026-12-01.
    reason
        Why; it stands beside the change for good.
    billing_role
        clinical_staff, practitioner or non_clinical.
    credential
        RN, LPN, CMA, MD and the like.
    employer
        Who employs the person; with it --no-employed, unless it is the practice.
    employed
        Whether the practice employs the person.
    npi
        The National Provider Identifier of a practitioner.
    practice
        The short name of the person's practice, where there are several.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import staff, staff_details

    named = {
        "billing_role": billing_role,
        "credential": credential,
        "employer": employer,
        "employed": employed,
        "npi": npi,
        "practice": practice,
    }
    with opened(directory) as clinic:
        with clinic.store.write() as db:
            staff_details.record(
                db,
                staff.by_username(db, username).id,
                {name: value for name, value in named.items() if value is not None},
                effective_from=since,
                reason=reason,
                author=staff.OPERATOR,
                at_ms=clinic.at_ms,
            )
        say(f"Recorded for {username}, from {since.isoformat()} on.")


def history(directory: Path, username: str, *, as_json: Json = False) -> None:
    """Show as whom somebody worked, from which date on, and why each change was made.

    Example: vitals-clinic staff history /srv/clinic nia

    Parameters
    ----------
    directory
        The clinic's directory.
    username
        The name the person signs in with.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import staff, staff_details

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = staff_details.history(db, ids=[staff.by_username(db, username).id])
        if as_json:
            say_json(
                [{**asdict(one), "effective_from": one.effective_from.isoformat()} for one in found]
            )
            return
        say_table(
            ("From", "Billing role", "Credential", "Employer", "NPI", "Why"),
            [
                (
                    _since(one.effective_from),
                    one.billing_role,
                    one.credential or "",
                    one.employer or ("the practice" if one.employed else ""),
                    one.npi or "",
                    one.reason,
                )
                for one in found
            ],
        )


def _since(day: date) -> str:
    return "the start" if day == date.min else day.isoformat()
