"""`vitals-clinic hub`: add, list and revoke hubs, also while the server runs."""

import json
from pathlib import Path
from typing import Annotated

import cyclopts
from rich.console import Console

from cloud_sync.config import ClinicConfig, load

Json = Annotated[bool, cyclopts.Parameter(name="--json", negative=())]

app = cyclopts.App(name="hub", help="Add, list and revoke hubs.")

# Beside a running server these commands are a second writer of the same SQLite file. Their
# transactions are a few rows long, wait for the other under the busy timeout, and leave every
# checkpoint to the server (`visitor`): the WAL-reset bug needs two connections that checkpoint.


@app.command
def add(directory: Path, label: str, *, as_json: Json = False) -> int:
    """Invite a hub: prints the ticket that `vitals-hub enrol` wants, valid once, for 14 days.

    Example: vitals-clinic hub add /srv/clinic "Mrs. Doe, kitchen"

    Parameters
    ----------
    directory
        The clinic's directory.
    label
        How staff recognise the hub: a place or an inventory number.
    as_json
        Print {"hub": ..., "ticket": ...}.

    """
    from cloud_sync import setup, stores
    from cloud_sync.identity import enrolment, tickets

    config = _load(directory)
    if config is None:
        return 2
    store = stores.visit(config)
    at_ms = int(setup.now().timestamp() * 1000)
    with store.write() as db:
        invitation = enrolment.invite(db, label, at_ms)
    store.close()
    ticket = tickets.text(config, invitation.code)
    if as_json:
        _say(json.dumps({"hub": invitation.hub, "ticket": ticket}))
    else:
        _say(ticket)
    return 0


@app.command(name="list")
def list_hubs(directory: Path, *, as_json: Json = False) -> int:
    """Show every hub with its state and what it last said.

    Example: vitals-clinic hub list /srv/clinic --json

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print a JSON array instead of a table.

    """
    from cloud_sync import stores
    from cloud_sync.identity import fleet

    config = _load(directory)
    if config is None:
        return 2
    store = stores.visit(config)
    with store.read() as db:
        hubs = fleet.overview(db)
    store.close()
    if as_json:
        _say(json.dumps(hubs))
    else:
        _table(hubs)
    return 0


@app.command
def revoke(directory: Path, hub: str) -> int:
    """Believe a hub no more: its messages are refused from now on and its connection is cut.

    Example: vitals-clinic hub revoke /srv/clinic 0f3c...

    Parameters
    ----------
    directory
        The clinic's directory.
    hub
        The hub's id: 32 hex digits, as `hub list` shows it.

    """
    from cloud_sync import stores
    from cloud_sync.identity import access, enrolment, services
    from cloud_sync.ingest import control

    config = _load(directory)
    if config is None:
        return 2
    store = stores.visit(config)
    with store.write() as db:
        found = enrolment.revoke(db, hub)
    store.close()
    if not found:
        Console(stderr=True).print(
            f"There is no hub {hub}: see `vitals-clinic hub list`.", markup=False, soft_wrap=True
        )
        return 1
    try:
        control.apply(services.paths(config.directory), config.worker_port, access.expel(hub))
        _say(f"{hub} is revoked and its connection is cut.")
    except control.BrokerUnreachable:
        # Not a failure: ingest asks the database, and the broker reads its rules at its start.
        _say(f"{hub} is revoked. The broker is not running; it will not admit the hub again.")
    return 0


def _load(directory: Path) -> ClinicConfig | None:
    try:
        return load(directory)
    except FileNotFoundError:
        Console(stderr=True).print(
            f"There is no clinic in {directory}: run vitals-clinic init first.",
            markup=False,
            soft_wrap=True,
        )
        return None


def _say(text: str) -> None:
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def _table(hubs: list[dict[str, object]]) -> None:
    from rich.table import Table

    table = Table("Label", "State", "Link", "Held", "Last state")
    table.add_column("Hub", no_wrap=True)  # whole, to be copied into another command
    for hub in hubs:
        table.add_row(
            str(hub["label"]),
            str(hub["state"]),
            "up" if hub["link_up"] else "down",
            "" if hub["held"] is None else str(hub["held"]),
            str(hub["state_at"] or "never"),
            str(hub["hub"]),
        )
    Console().print(table)
