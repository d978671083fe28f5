"""`vitals-clinic patient`: add and list patients, give them devices."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

from cloud_sync.commands import patient_file

if TYPE_CHECKING:
    from sqlalchemy import Connection

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]
AUTHOR = "0" * 32  # the operator at the server's own terminal, who has no account

app = cyclopts.App(
    name="patient", help="Add, list and correct patients; assign devices; keep their files."
)
app.command(patient_file.record)
app.command(patient_file.show, name="file")


@app.command
def add(  # noqa: PLR0913 - one flag a column
    directory: Path,
    name: str,
    *,
    birth_date: date | None = None,
    record_number: str | None = None,
    zone: str | None = None,
    payer: str = "medicare",
    as_json: Json = False,
) -> None:
    """Add a patient and print the id.

    Example: vitals-clinic patient add /srv/clinic "Rosa Alvarez" --zone America/Denver

    Parameters
    ----------
    directory
        The clinic's directory.
    name
        The patient's name.
    birth_date
        As 1951-04-09.
    record_number
        The practice's own number for the patient.
    zone
        IANA time zone at the patient's home; the clinic's own if left out.
    payer
        Who pays; anything but medicare is marked for a check.
    as_json
        Print {"id": ...}.

    """
    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.ledger import people

    with opened(directory) as clinic:
        with clinic.store.write() as db:
            identity = people.add_patient(
                db,
                name=name,
                zone=zone or clinic.config.zone,
                birth_date=birth_date,
                record_number=record_number,
                payer=payer,
                author=AUTHOR,
                at_ms=clinic.at_ms,
            )
        if as_json:
            say_json({"id": identity})
        else:
            say(identity)


@app.command(name="list")
def list_patients(directory: Path, *, as_json: Json = False) -> None:
    """Show every patient with the devices assigned now.

    Example: vitals-clinic patient list /srv/clinic --json

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import people

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = [(one, _devices(db, one.id)) for one in people.everyone(db)]
        if as_json:
            say_json(
                [
                    {
                        "id": one.id,
                        "name": one.name,
                        "birth_date": one.birth_date and one.birth_date.isoformat(),
                        "record_number": one.record_number,
                        "zone": one.zone,
                        "payer": one.payer,
                        "devices": owned,
                    }
                    for one, owned in found
                ]
            )
            return
        say_table(
            ("Id", "Name", "Record", "Zone", "Devices"),
            [
                (one.id, one.name, one.record_number or "", one.zone, ", ".join(owned))
                for one, owned in found
            ],
        )


@app.command
def assign(  # noqa: PLR0913 - one flag a column
    directory: Path,
    patient: str,
    device: str,
    *,
    user_slot: int | None = None,
    since: datetime | None = None,
    as_json: Json = False,
) -> None:
    """Give a device to a patient; its readings since then become theirs, those kept already too.

    Example: vitals-clinic patient assign /srv/clinic 6f1c... ble:a4c138000001 --since 2026-11-01

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    device
        The device's id: ble: and twelve hex digits, or serial: and the serial number.
    user_slot
        One user slot of the device only; every slot if left out.
    since
        From this moment on, in the patient's zone; now if left out.
    as_json
        Print {"assignment": ...}.

    """
    from zoneinfo import ZoneInfo

    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.ledger import devices, people
    from cloud_sync.ledger.local_time import to_ms

    with opened(directory) as clinic:
        with clinic.store.write() as db:
            zone = people.find(db, patient).zone
            start = to_ms(since.replace(tzinfo=ZoneInfo(zone))) if since else clinic.at_ms
            identity = devices.assign(
                db,
                device_id=device,
                user_slot=user_slot,
                patient_id=patient,
                from_ms=start,
                author=AUTHOR,
                at_ms=clinic.at_ms,
            )
        if as_json:
            say_json({"assignment": identity})
        else:
            say(f"{device} belongs to the patient now.")


@app.command
def change(  # noqa: PLR0913 - one flag a column
    directory: Path,
    patient: str,
    *,
    reason: str,
    name: str | None = None,
    birth_date: date | None = None,
    record_number: str | None = None,
    zone: str | None = None,
    payer: str | None = None,
) -> None:
    """Correct a patient's details; the old ones stay readable. A new zone recounts the days.

    Example: vitals-clinic patient change /srv/clinic 6f1c... --zone America/Phoenix --reason moved

    Parameters
    ----------
    directory
        The clinic's directory.
    patient
        The patient's id, as `patient list` shows it.
    reason
        Why; it stands beside the correction for good.
    name
        The patient's name.
    birth_date
        As 1951-04-09.
    record_number
        The practice's own number for the patient.
    zone
        IANA time zone at the patient's home.
    payer
        Who pays.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import people
    from cloud_sync.ledger.refused import Refused

    named = {
        "name": name,
        "birth_date": birth_date,
        "record_number": record_number,
        "zone": zone,
        "payer": payer,
    }
    changes = {key: value for key, value in named.items() if value is not None}
    with opened(directory) as clinic:
        if not changes or not reason.strip():
            raise Refused("Give what is to change, and say why.")
        with clinic.store.write() as db:
            people.change_patient(
                db, patient, changes, author=AUTHOR, at_ms=clinic.at_ms, reason=reason.strip()
            )
        say("The new details are on file; the old ones stay beside them.")


def _devices(db: "Connection", patient_id: str) -> list[str]:
    from cloud_sync.ledger import devices

    return [a.device_id for a in devices.of_patient(db, patient_id) if a.assigned_to_ms is None]
