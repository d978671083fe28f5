"""What the commands about meters share: options, words, tables, and work on the radio."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from cyclopts import Parameter

State = Annotated[Path, Parameter(help="the hub's state directory")]
Json = Annotated[bool, Parameter(name="--json", help="print JSON for a script")]
DEFAULT_STATE = Path("/var/lib/vitals")
NOTHING, FAILED, BUSY = 1, 2, 75
T = TypeVar("T")


def radio_work(work: Callable[[], Coroutine[Any, Any, T]], *, advice: str = "") -> T:
    """The result, or plain words and the end of the command."""
    from gateway.sessions.link import LinkError, RadioUnavailableError

    try:
        return asyncio.run(work())
    except RadioUnavailableError as error:
        fail(f"The radio cannot be used: {error}", FAILED)
    except LinkError as error:
        fail(f"That failed: {error}. {advice}".rstrip(), FAILED)


def show(rows: list[dict[str, Any]], *, as_json: bool, nothing: str = "") -> None:
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
    elif not rows:
        say(nothing)
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None)
        for number, title in enumerate(rows[0]):
            table.add_column(title, no_wrap=number == 0)
        for row in rows:
            table.add_row(*("-" if value is None else str(value) for value in row.values()))
        Console().print(table)


def say(words: str, *, stderr: bool = False) -> None:
    from rich.console import Console

    Console(stderr=stderr, soft_wrap=True).print(words, markup=False, highlight=False)


def fail(words: str, status: int) -> NoReturn:
    say(words, stderr=True)
    raise SystemExit(status)
