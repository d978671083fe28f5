"""`vitals-clinic settings`: the practice's recorded conventions, and how they came to be."""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts

from cloud_sync.commands.patient import AUTHOR, Json

app = cyclopts.App(name="settings", help="Conventions for counting, and for keeping records.")


@app.command(name="list")
def list_settings(directory: Path, *, as_json: Json = False) -> None:
    """Show every recorded change; a setting nobody changed has its documented default.

    Example: vitals-clinic settings list /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import practice_settings
    from cloud_sync.ledger.local_time import local

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = practice_settings.history(db)
        if as_json:
            say_json(
                [
                    {
                        "name": one.name,
                        "value": one.value,
                        "effective_from_ms": one.effective_from_ms,
                        "reason": one.reason,
                        "recorded_at_ms": one.recorded_at_ms,
                    }
                    for one in found
                ]
            )
            return
        say_table(
            ("Setting", "Value", "From", "Reason"),
            [
                (
                    one.name,
                    str(one.value),
                    f"{local(one.effective_from_ms, clinic.config.zone):%Y-%m-%d %H:%M}",
                    one.reason,
                )
                for one in found
            ],
        )


@app.command(name="set")
def set_setting(
    directory: Path,
    name: str,
    value: str,
    *,
    reason: str,
    since: Annotated[date | None, cyclopts.Parameter(name="--from")] = None,
) -> None:
    """Record a change; months that ended before it takes effect keep what they had.

    Example: vitals-clinic settings set /srv/clinic late_receipt_days 5 --reason "payer's letter"

    Parameters
    ----------
    directory
        The clinic's directory.
    name
        period_start, day_rule, late_receipt_days, caps, ccm_consent, late_entry_hours,
        rpm_contact_required or retention_years.
    value
        A word, a date, a number, true or false; for caps a JSON object.
    reason
        Why; it stands in every evidence packet.
    since
        The date in the clinic's zone from which it holds; now if left out.

    """
    import msgspec

    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import practice_settings
    from cloud_sync.ledger.local_time import midnight_ms

    try:
        given = msgspec.json.decode(value)
    except msgspec.DecodeError:
        given = value  # a word or a date
    with opened(directory) as clinic:
        change = practice_settings.Change(
            name=name,
            value=given,
            effective_from_ms=midnight_ms(since, clinic.config.zone) if since else clinic.at_ms,
            reason=reason,
            recorded_at_ms=clinic.at_ms,
            author=AUTHOR,
        )
        with clinic.store.write() as db:
            practice_settings.record(db, change)
        say(f"{name} is recorded.")
