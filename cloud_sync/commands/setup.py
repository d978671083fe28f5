"""`vitals-clinic init`: a new clinic in a directory."""

import secrets
from pathlib import Path
from typing import Annotated

import cyclopts
from rich.console import Console

from cloud_sync.contract.enrolment import CROCKFORD

_PASSWORD_CHARACTERS = 20


def init(  # noqa: PLR0913  one flag a setting
    directory: Path,
    *,
    name: str,
    zone: str,
    host: str,
    broker_port: int = 8883,
    worker_port: int = 8884,
    web_port: int = 8443,
    local_web_port: int | None = None,
    bind: str | None = None,
    database_url: str | None = None,
    admin_name: str = "Administrator",
    admin_username: str = "admin",
    admin_password_file: Path | None = None,
    training: Annotated[bool, cyclopts.Parameter(negative=())] = False,
) -> int:
    """Make a clinic: keys, database, settings and its administrator.

    The administrator's password is printed once, unless a file gives it.

    Example: vitals-clinic init /srv/clinic --name "Lakeside Clinic"
    --zone America/Chicago --host clinic.example

    Parameters
    ----------
    directory
        A directory that does not exist yet; its owner runs the server.
    name
        The clinic's name, as pages show it.
    zone
        IANA time zone of new patients.
    host
        Host name or address that hubs and staff dial.
    broker_port
        Port for hubs (MQTT over TLS).
    worker_port
        Port for the clinic's own services, on loopback.
    web_port
        Port for staff and for enrolment (HTTPS).
    local_web_port
        Also serve pages by plain HTTP on this loopback port.
    bind
        Listen on this address only.
    database_url
        PostgreSQL instead of a SQLite file: postgresql+psycopg://user@host/name
    admin_name
        The administrator's full name.
    admin_username
        The administrator's sign-in name.
    admin_password_file
        Read the administrator's password from this file.
    training
        A practice for trainees, for ever: scripted cases, no hubs, no month that could be billed.

    """
    from cloud_sync import setup

    problem = _problem(directory, zone, admin_password_file)
    if problem is not None:
        Console(stderr=True).print(problem, markup=False, soft_wrap=True)
        return 2
    settings = setup.Settings(
        name=name,
        zone=zone,
        host=host,
        broker_port=broker_port,
        worker_port=worker_port,
        web_port=web_port,
        local_web_port=local_web_port,
        bind=bind,
        database_url=database_url,
        training=training,
    )
    password = admin_password_file.read_text().strip() if admin_password_file else _new_password()
    admin = setup.Administrator(username=admin_username, full_name=admin_name, password=password)
    try:
        setup.create(directory, settings, setup.now(), admin)
    except setup.Refused as refused:
        Console(stderr=True).print(str(refused), markup=False, soft_wrap=True)
        return 2
    kind = "TRAINING PRACTICE, never for billing," if training else "clinic"
    said = [f"The {kind} is in {directory}."]
    if admin_password_file is None:
        said.append(f"Sign in as {admin_username} with this password, shown only now: {password}")
    said.append(f"Start it: vitals-clinic serve {directory}")
    Console().print("\n".join(said), markup=False, soft_wrap=True)
    return 0


def _problem(directory: Path, zone: str, password_file: Path | None) -> str | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        return f"{directory} is not empty: choose a new directory"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return f"{zone} is no time zone: write it like America/New_York"
    if password_file is not None and not password_file.is_file():
        return f"{password_file} does not exist: write the password into it first"
    return None


def _new_password() -> str:
    letters = (secrets.choice(CROCKFORD.lower()) for _ in range(_PASSWORD_CHARACTERS))
    return "".join(letters)
