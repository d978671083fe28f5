"""`vitals-clinic device`: what a device is - FDA basis, serial, UDI, test unit - over time."""

from datetime import date
from pathlib import Path
from typing import Annotated

import cyclopts

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]

app = cyclopts.App(name="device", help="List devices; record what they are, from a date on.")


@app.command(name="list")
def list_devices(directory: Path, *, as_json: Json = False) -> None:
    """Show every device the clinic has heard of, as it is known today.

    Example: vitals-clinic device list /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import device_details, devices
    from cloud_sync.ledger.staff_details import utc_day

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            found = [
                (one, device_details.on(db, one.id, utc_day(clinic.at_ms)) or one)
                for one in devices.everything(db)
            ]
        rows = [
            {
                "id": one.id,
                "label": one.label,
                "kind": one.kind,
                **{name: getattr(now, name) for name in device_details.FLAGS},
                **{name: getattr(now, name, None) for name in device_details.TEXTS},
            }
            for one, now in found
        ]
        if as_json:
            say_json(rows)
            return
        say_table(
            ("Id", "Name", "Kind", "FDA-defined", "Automatic", "Test", "Serial"),
            [
                (
                    str(row["id"]),
                    str(row["label"]),
                    str(row["kind"]),
                    "yes" if row["fda_defined"] else "no",
                    "yes" if row["automatic"] else "no",
                    "yes" if row["test"] else "no",
                    str(row["serial"] or ""),
                )
                for row in rows
            ],
        )


@app.command
def change(  # noqa: PLR0913 - one flag a column
    directory: Path,
    device: str,
    *,
    since: date,
    reason: str,
    label: str | None = None,
    fda_defined: bool | None = None,
    fda_basis: str | None = None,
    automatic: bool | None = None,
    test: bool | None = None,
    manufacturer: str | None = None,
    model: str | None = None,
    serial: str | None = None,
    udi: str | None = None,
) -> None:
    """Record what a device is, from a date on; readings of earlier dates are judged as before.

    Example: vitals-clinic device change /srv/clinic ble:a4c138000001 --since 2026-11-01
    --fda-basis "510(k) K200001" --serial 20A-117 --reason "read off the label"

    Parameters
    ----------
    directory
        The clinic's directory.
    device
        The device's id, as `device list` shows it.
    since
        The first date on which it holds, where the patient lives.
    reason
        Why; it stands beside the change for good.
    label
        What staff call it.
    fda_defined
        Whether FDA law defines it as a medical device.
    fda_basis
        What that rests on: a clearance, a product code.
    automatic
        Whether its readings come without anybody typing them.
    test
        Whether it is a test unit, whose readings count for nobody.
    manufacturer
        Who makes it.
    model
        The model, as the label has it.
    serial
        The serial number, as the label has it.
    udi
        The unique device identifier.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.ledger import device_details
    from cloud_sync.ledger.staff import OPERATOR

    named = {
        "label": label,
        "fda_defined": fda_defined,
        "fda_basis": fda_basis,
        "automatic": automatic,
        "test": test,
        "manufacturer": manufacturer,
        "model": model,
        "serial": serial,
        "udi": udi,
    }
    with opened(directory) as clinic:
        with clinic.store.write() as db:
            device_details.record(
                db,
                device,
                {name: value for name, value in named.items() if value is not None},
                effective_from=since,
                reason=reason,
                author=OPERATOR,
                at_ms=clinic.at_ms,
            )
        say(f"Recorded for {device}, from {since.isoformat()} on.")


@app.command
def history(directory: Path, device: str, *, as_json: Json = False) -> None:
    """Show what was recorded of a device, from which date on, and why.

    Example: vitals-clinic device history /srv/clinic ble:a4c138000001

    Parameters
    ----------
    directory
        The clinic's directory.
    device
        The device's id, as `device list` shows it.
    as_json
        Print a JSON array instead of a table.

    """
    from dataclasses import asdict

    from cloud_sync.commands.opened import opened, say_json, say_table
    from cloud_sync.ledger import device_details, devices

    with opened(directory) as clinic:
        with clinic.store.read() as db:
            devices.find(db, device)
            found = device_details.history(db, [device]).get(device, [])
        if as_json:
            say_json(
                [{**asdict(one), "effective_from": one.effective_from.isoformat()} for one in found]
            )
            return
        say_table(
            ("From", "Name", "FDA-defined", "Automatic", "Test", "Serial", "Why"),
            [
                (
                    one.effective_from.isoformat(),
                    one.label,
                    ("yes" if one.fda_defined else "no") + f" {one.fda_basis or ''}",
                    "yes" if one.automatic else "no",
                    "yes" if one.test else "no",
                    one.serial or "",
                    one.reason,
                )
                for one in found
            ],
        )
