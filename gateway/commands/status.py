"""`vitals-hub status`: what is on this hub, what the clinic has, and whether somebody must act."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.config import DEFAULT_STATE, HubConfig, NotEnrolled, load

if TYPE_CHECKING:
    from cloud_sync.contract.state import HubState
    from gateway.health.status import Facts, Status

_NEEDS_HELP = 2


def status(
    *,
    state: Annotated[Path, Parameter(help="the hub's state directory")] = DEFAULT_STATE,
    json: Annotated[bool, Parameter(help="print it as JSON", negative="")] = False,
) -> None:
    """Say whether the clinic has every reading.

    Ends with 0 when all are received, 1 when readings wait here, 2 when somebody must act.

    Example: `vitals-hub status --json | jq .facts.held`
    """
    import msgspec

    from gateway.health.status import EXIT_STATUS, judge

    try:
        verdict = judge(facts(load(state)))
    except NotEnrolled as error:
        _say_not_enrolled(str(error), json=json)
        raise SystemExit(_NEEDS_HELP) from None
    if json:
        _print(msgspec.json.encode(verdict).decode())
    else:
        _show(verdict)
    raise SystemExit(EXIT_STATUS[verdict.level])


def facts(config: HubConfig) -> "Facts":
    """What the state directory says of the hub."""
    import time

    from gateway.buffer import outbox, receipts, room
    from gateway.commands.upkeep import meters, recoveries, unsaved_pairings, upkeep
    from gateway.health.status import Facts

    view = outbox.look(config.sealed_db, rate=True)
    link = receipts.read_link(config.receipts_db)
    known = view if isinstance(view, outbox.View) else None
    counters = known.counters if known else None
    told = _told(known.document if known else None)
    link_found = link if isinstance(link, receipts.Link) else None
    unsaved, backup_ms = unsaved_pairings(config)
    return Facts(
        hub=config.hub,
        now_ms=time.time_ns() // 1_000_000,
        held=counters.held if counters else (None if config.sealed_db.exists() else 0),
        refused=counters.refused if counters else 0,
        received_kept=counters.received if counters else 0,
        oldest_held_ms=counters.oldest_held_ms if counters else None,
        last_receipt_ms=counters.newest_commit_ms if counters else None,
        days_of_room=room.days_of_room(
            disk_free=room.free_bytes(config.directory),
            file_free=counters.free_bytes if counters else 0,
            daily=known.daily if known else 0,
        ),
        ballast_present=not counters or room.Ballast(config.ballast, config.ballast_bytes).present,
        key_storage_tier=config.key_storage_tier,
        reported_ms=told.at_ms if told else None,
        clock_synchronised=told.clock_synchronised if told else None,
        connected=bool(link_found and link_found.connected),
        link_trouble=link_found.trouble if link_found else "",
        link_reason=link_found.reason if link_found else "",
        recoveries=recoveries(config),
        meters=meters(config),
        background=upkeep(config).background,
        unsaved=unsaved,
        backup_ms=backup_ms,
    )


def _told(document: bytes | None) -> "HubState | None":
    """The collector's own last word. Read without its signature: it is our own disk."""
    import msgspec

    from cloud_sync.contract.state import HubState

    try:
        return msgspec.json.decode((document or b"")[64:], type=HubState)
    except msgspec.MsgspecError:
        return None


def _show(verdict: "Status") -> None:
    from rich.console import Console
    from rich.table import Table

    from gateway.health.status import headline, words

    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    for name, text in words(verdict):
        table.add_row(name, text)
    console.print(headline(verdict), markup=False)
    for problem in verdict.problems:
        console.print(f"! {problem}", markup=False)
    console.print()
    console.print(table)


def _say_not_enrolled(text: str, *, json: bool) -> None:
    import msgspec

    if json:
        _print(msgspec.json.encode({"level": "needs_help", "problems": [text]}).decode())
    else:
        _print(text)


def _print(text: str) -> None:
    from rich.console import Console

    Console(soft_wrap=True).print(text, markup=False, highlight=False)
