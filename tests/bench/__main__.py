"""`make bench`: figures beside their limits, from one run on this machine.

python -m tests.bench [--json] [--only commits ingest latency memory month] [--times 1]
                      [--patients 2000]

It says what was measured and judges nothing: a loaded machine is no fault of the code.
"""

import json
import platform
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import commits, ingest, latency, memory, month
from tests.bench.figures import Figure
from tests.bench.ground import Ground, prepared

ROUNDS = {"commits": 30, "ingest": 15, "burst": 8, "latency": 60, "memory": 2, "month": 2}
PARTS = ("commits", "ingest", "latency", "memory", "month")
PATIENTS = 2000
MANY = 20_000  # of so many patients one round says enough
Note = Callable[[str], None]


def main() -> None:
    parser = ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON, for a script")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--times", type=int, default=1, help="so many times the rounds")
    parser.add_argument("--patients", type=int, default=PATIENTS, help="whose month is closed")
    parser.add_argument("--directory", type=Path, help="where databases lie; its disk is measured")
    options = parser.parse_args()
    started, notes = time.monotonic(), [_machine()]
    with tempfile.TemporaryDirectory(dir=options.directory) as place, prepared(Path(place)) as on:
        rounds = {name: count * options.times for name, count in ROUNDS.items()}
        figures = list(_figures(on, options.only, rounds, notes.append))
        if "month" in options.only:
            few = rounds["month"] if options.patients <= MANY else 1
            found, note = month.measure(on.directory, options.patients, few)
            figures += found
            notes.append(note)
    notes.append(f"{time.monotonic() - started:.0f} s in all")
    if options.json:
        document = {"figures": [_document(each) for each in figures], "notes": notes}
        sys.stdout.write(json.dumps(document, indent=1) + "\n")
    else:
        _show(figures, notes)


def _figures(
    ground: Ground, only: list[str], rounds: dict[str, int], note: Note
) -> Iterator[Figure]:
    if "commits" in only:
        yield from commits.measure(ground.enrol("commits"), ground.directory, rounds["commits"])
    if "ingest" in only:
        yield ingest.measure(ground.directory, rounds["ingest"])
        yield ingest.through_broker(ground, rounds["burst"])
    if "latency" in only:
        figures, parts = latency.measure(ground, rounds["latency"])
        note(parts)
        yield from figures
    if "memory" in only:
        yield from memory.measure(ground.enrol("memory"), ground.stage.logs, rounds["memory"])


def _machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}, {platform.system()}"


def _document(figure: Figure) -> dict[str, object]:
    return {**asdict(figure), "met": figure.met}


def _show(figures: list[Figure], notes: list[str]) -> None:
    console = Console(highlight=False)
    table = Table("figure", "ours", "limit", "ratio", "quartiles", "aim")
    limits = list(dict.fromkeys(each.limit_is for each in figures))
    for each in figures:
        table.add_row(
            f"{each.name}, {each.unit}",
            _short(each.ours),
            f"{_short(each.limit)} ({limits.index(each.limit_is) + 1})",
            f"{each.ratio:.2f}",
            "" if each.low is None else f"{each.low:.2f} to {each.high:.2f}",
            _verdict(each),
        )
    console.print(table)
    for number, words in enumerate(limits, 1):
        console.print(f"({number}) {words}", markup=False)
    for note in notes:
        console.print(note, markup=False)


def _verdict(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    sign = "≥" if figure.more_is_better else "≤"
    return f"{sign} {figure.aim} {'met' if figure.met else 'missed'}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


if __name__ == "__main__":
    main()
