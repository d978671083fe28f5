"""What staff and patient commands share: opening the database, saying what happened."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from cloud_sync.config import ClinicConfig, load
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A clinic's settings and database, and the time of the command."""

    config: ClinicConfig
    store: Store
    at_ms: int


@contextmanager
def opened(directory: Path) -> Iterator[Opened]:
    """The clinic in this directory; a refusal ends the command with exit code 2 and its reason."""
    from cloud_sync import stores
    from cloud_sync.ledger import training
    from cloud_sync.ledger.vault import KeyLost

    try:
        config = load(directory)
    except FileNotFoundError:
        _complain(f"There is no clinic in {directory}: run `vitals-clinic init` first.")
        raise SystemExit(2) from None
    # The server may be running: this is a guest in its database, for a few short transactions.
    store = stores.visit(config)
    try:
        with store.read() as db:
            if training.is_training(db, maybe_older=True):
                _complain(training.STAMP)
        yield Opened(config=config, store=store, at_ms=time.time_ns() // 1_000_000)
    except (Refused, KeyLost) as refused:
        _complain(str(refused))
        raise SystemExit(2) from None
    finally:
        store.close()


def say(text: str) -> None:
    """One line for the person."""
    Console().print(text, markup=False, highlight=False, soft_wrap=True)


def say_json(value: Any) -> None:  # noqa: ANN401 - any JSON
    """One line for a script."""
    say(json.dumps(value))


def say_table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table for the person."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _complain(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
