"""`vitals-clinic timestamp`: authorities that say when the ledger was as it is (RFC 3161)."""

from pathlib import Path

import cyclopts

from cloud_sync.commands.patient import Json

NOT_ALL = 1

app = cyclopts.App(
    name="timestamp", help="Time-stamp authorities (RFC 3161) over the ledger's checkpoints."
)


@app.command
def add(directory: Path, name: str, url: str, certificates: Path) -> None:
    """Choose an authority: each day it is asked for a token over the newest checkpoint.

    It is sent a SHA-256 and nothing else. Two authorities of different owners are better than one.

    Example: vitals-clinic timestamp add /srv/clinic first https://tsa.example/tsr first-root.pem

    Parameters
    ----------
    directory
        The clinic's directory.
    name
        What the practice calls it: small letters, digits and hyphens.
    url
        Where it answers RFC 3161 requests by HTTP.
    certificates
        PEM file with its certificate, or the root that vouches for it, had from its owner.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.identity import stamping
    from cloud_sync.ledger.refused import Refused

    with opened(directory):
        try:
            chosen = stamping.Chosen(name=name, url=url, trusted=certificates.read_text())
            stamping.add(directory, chosen)
        except (OSError, ValueError) as error:
            raise Refused(str(error)) from None
    say(f"{name} will be asked each day; `vitals-clinic timestamp take` asks it now.")


@app.command
def remove(directory: Path, name: str) -> None:
    """Ask an authority no more; the tokens it gave stay, and stay in the packets.

    Example: vitals-clinic timestamp remove /srv/clinic first

    Parameters
    ----------
    directory
        The clinic's directory.
    name
        What the practice calls it.

    """
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.identity import stamping
    from cloud_sync.ledger.refused import Refused

    with opened(directory):
        if not stamping.remove(directory, name):
            raise Refused("There is no authority of that name.")
    say(f"{name} will be asked no more.")


@app.command(name="list")
def list_authorities(directory: Path, *, as_json: Json = False) -> None:
    """Show the chosen authorities, and when each last gave a token.

    Example: vitals-clinic timestamp list /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.
    as_json
        Print an array of {"name", "url", "stamped_at_ms", "entries", "due"}.

    """
    from cloud_sync.commands.opened import opened, say, say_json, say_table
    from cloud_sync.identity import stamping
    from cloud_sync.ledger import time_tokens
    from cloud_sync.ledger.local_time import local
    from cloud_sync.stamping import due

    with opened(directory) as clinic:
        chosen = stamping.chosen(directory)
        with clinic.store.read() as db:
            latest = time_tokens.latest(db)
    if not chosen and not as_json:
        say("No time-stamp authority is chosen. See `vitals-clinic timestamp add --help`.")
        return
    found = [(one, latest.get(one.name)) for one in chosen]
    waits = [due(last.taken_at_ms if last else None, clinic.at_ms) for _one, last in found]
    if as_json:
        say_json(
            [
                {
                    "name": one.name,
                    "url": one.url,
                    "stamped_at_ms": last.stamped_at_ms if last else None,
                    "entries": last.size if last else None,
                    "due": waiting,
                }
                for (one, last), waiting in zip(found, waits, strict=True)
            ]
        )
        return
    zone = clinic.config.zone
    say_table(
        ("Name", "Address", "Last token", "Entries", "Due"),
        [
            (
                one.name,
                one.url,
                f"{local(last.stamped_at_ms, zone):%Y-%m-%d %H:%M}" if last else "none",
                str(last.size) if last else "",
                "yes" if waiting else "no",
            )
            for (one, last), waiting in zip(found, waits, strict=True)
        ],
    )


@app.command
def take(directory: Path) -> int:
    """Sign the ledger as it stands and have every authority stamp that, without waiting a day.

    Exit code 1 where one of them gave no token; the words say why.

    Example: vitals-clinic timestamp take /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory.

    """
    from cloud_sync.anchor import Anchor
    from cloud_sync.commands.opened import opened, say
    from cloud_sync.stamping import Stamper

    with opened(directory) as clinic:
        Anchor(clinic.config, clinic.store, lambda: clinic.at_ms).take()
        found = Stamper(clinic.config, clinic.store, lambda: clinic.at_ms).take(due_only=False)
    for one in found:
        when = f"stamped at {one.stamp.at.isoformat(sep=' ')}" if one.stamp else one.words
        say(f"{one.authority}: {when}.")
    if not found:
        say("Nothing was to be stamped.")
    return NOT_ALL if any(one.stamp is None for one in found) else 0
