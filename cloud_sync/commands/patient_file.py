"""`vitals-clinic patient record` and `file`: what is on file for a patient's programs."""

from pathlib import Path
from typing import Annotated

import cyclopts

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]


def record(  # noqa: PLR0913 - one flag a column
    directory: Path,
    patient: str,
    kind: str,
    entry: str,
    *,
    corrects: str | None = None,
    reason: str | None = None,
    as_json: Json = False,
) -> None:
    """Put an entry on a patient's file: a consent, an order, a set-up, a care plan, its sharing.

    An unknown key or a value that cannot be is refused, with what it may be.

    Example: vitals-clinic patient record /srv/clinic 6f1c... orders
    '{"program": "RPM", "ordered_on": "2026-11-01", "conditions": ["I10"],
    "parameters": ["blood_pressure"], "frequency": "daily"}'

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    kind
        consents, revocations, orders, initiating_visits, episodes, episode_ends, set_ups,
        care_plans, plan_shares, decision_making, lane_choices, stays, other_claims, patient or
        billing_practitioner.
    entry
        The entry as a JSON object; {} takes away the entry that it corrects.
    corrects
        The id of the entry that this one corrects, as `patient file` shows it.
    reason
        Why it is corrected.
    as_json
        Print {"fact": ...}.

    """
    import msgspec

    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.ledger import people
    from cloud_sync.ledger.refused import Refused
    from cloud_sync.ledger.staff import OPERATOR

    with opened(directory) as clinic:
        try:
            body = msgspec.json.decode(entry, type=dict[str, object])
        except msgspec.MsgspecError as error:
            raise Refused(f"The entry is no JSON object: {error}.") from None
        if not body and corrects is None:
            raise Refused("An empty entry says nothing: it can only take another one away.")
        with clinic.store.write() as db:
            identity = people.record_fact(
                db,
                patient_id=patient,
                kind=kind,
                body=body,
                author=OPERATOR,
                at_ms=clinic.at_ms,
                corrects=corrects,
                reason=reason,
            )
        if as_json:
            say_json({"fact": identity})
        else:
            say("The entry is on file.")


def show(directory: Path, patient: str, *, as_json: Json = False) -> None:
    """Show what is on file for a patient, and in force, oldest first.

    Example: vitals-clinic patient file /srv/clinic 6f1c...

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    import msgspec

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import people
    from cloud_sync.ledger.local_time import local

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            zone = people.find(db, patient).zone
            found = people.facts(db, patient)
        if as_json:
            say_json([asdict(one) for one in found])
            return
        say_table(
            ("Id", "Kind", "Entry", "Recorded"),
            [
                (
                    one.id,
                    one.kind,
                    msgspec.json.encode(one.body).decode(),
                    f"{local(one.recorded_at_ms, zone):%Y-%m-%d %H:%M}",
                )
                for one in found
            ],
        )
