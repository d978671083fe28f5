"""`vitals-hub enrol`: make this hub a member of a clinic."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gateway.config import DEFAULT_STATE


def enrol(
    ticket: Annotated[str, Parameter(help="the ticket's line, or a file that holds it")],
    *,
    state: Annotated[Path, Parameter(help="the hub's state directory")] = DEFAULT_STATE,
    json: Annotated[bool, Parameter(help="print the outcome as JSON", negative="")] = False,
) -> None:
    """Enrol this hub with the clinic that made the ticket.

    The hub makes its own keys, checks the clinic against the ticket and fetches its certificate.
    May be repeated: an enrolled hub stays as it is. Ends with 0 when enrolled, 1 when not.

    Example: `vitals-hub enrol 'vitals-enrol:?url=https%3A%2F%2Fclinic.example%3A8443&...'`
    """
    import msgspec
    from rich.console import Console

    from cloud_sync.contract.enrolment import Rejected
    from gateway.provisioning.enrol import enrol as ask_clinic

    try:
        outcome = ask_clinic(_text(ticket), state)
    except PermissionError as error:
        outcome = Rejected(
            error=f"{error.filename} may not be written by this account: run with sudo"
        )
    if isinstance(outcome, Rejected):
        values: dict[str, object] = {"enrolled": False, "error": outcome.error}
        words, status = f"Not enrolled: {outcome.error}.", 1
    else:
        values = {"enrolled": True, "hub": outcome.config.hub, "fresh": outcome.fresh}
        words, status = f"This hub is enrolled. Its id is {outcome.config.hub}.", 0
        if outcome.fresh:
            words += f"\nNext: vitals-hub scan --state {state}"
    if json:
        words = msgspec.json.encode(values).decode()
    console = Console(stderr=status != 0 and not json, soft_wrap=True)
    console.print(words, markup=False, highlight=False)
    raise SystemExit(status)


def _text(ticket: str) -> str:
    """The ticket itself, or the first line of the file it names."""
    path = Path(ticket)
    if ticket.startswith("vitals-enrol:") or len(ticket) > 255 or not path.is_file():
        return ticket
    return path.read_text(errors="replace").strip()
