"""Reads a fee schedule and puts its amounts beside the lines of a determination. Pure.

A schedule is a CSV file: code, first and last day of service (empty: open), amount a unit in US
dollars, locality, source. A `?` behind an amount says that it is disputed, and goes wherever the
amount goes. Nothing that decides a code, and no packet, ever sees one of these values.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

COLUMNS = ("code", "from", "to", "amount", "locality", "source")
REQUIRED = {"code", "from", "to", "amount"}
_CODE = re.compile(r"[0-9A-Z][0-9]{4}")
_AMOUNT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,2})?)(\?)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Amount:
    """What one unit of a code is said to pay on these days of service, both ends included."""

    code: str
    first: date
    last: date
    amount: Decimal  # US dollars a unit
    disputed: bool
    locality: str
    source: str
    line: int  # of the file

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a file is no fee schedule: the line of the file and a sentence."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Every amount of a file. No code has two amounts on one day."""

    amounts: tuple[Amount, ...]

    def on(self, code: str, day: date) -> Amount | None:
        return next((one for one in self.amounts if one.code == code and day in one), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
    """One line of a determination with its amount; None where the schedule has none for it."""

    code: str
    units: int
    first: str
    last: str
    status: str
    amount: Amount | None

    @property
    def total(self) -> Decimal | None:
        return None if self.amount is None else self.amount.amount * self.units


def read(text: str) -> Schedule | Problem:
    """The schedule in a CSV text, or the first problem that keeps it from being read."""
    numbered = [
        (number, line)
        for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not numbered:
        return Problem(line=1, message=f"the first row must name {', '.join(COLUMNS)}")
    head, *rest = numbered
    names = [name.strip().lower() for name in next(csv.reader([head[1]]))]
    if len(names) != len({*names}) or not REQUIRED <= {*names} <= {*COLUMNS}:
        wanted = ", ".join(COLUMNS)
        return Problem(line=head[0], message=f"the first row must name {wanted}, each once")
    found: list[Amount] = []
    for number, line in rest:
        one = _amount(number, names, next(csv.reader([line])))
        if isinstance(one, Problem):
            return one
        found.append(one)
    return _twice(found) or Schedule(amounts=tuple(found))


def national() -> str:
    """The text of the schedule that comes with the product, for orientation."""
    return (resources.files("cloud_sync.fees") / "national.csv").read_text(encoding="utf-8")


def priced(schedule: Schedule, lines: Iterable[Mapping[str, Any]]) -> Iterator[Priced]:
    """The lines of a determination beside the amount in force on their last day."""
    for line in lines:
        yield Priced(
            code=line["code"],
            units=line["units"],
            first=line["from"],
            last=line["to"],
            status=line["status"],
            amount=schedule.on(line["code"], date.fromisoformat(line["to"])),
        )


def _amount(number: int, names: Sequence[str], cells: Sequence[str]) -> Amount | Problem:
    if len(cells) != len(names):
        counted = f"{len(cells)} cells where there are {len(names)}"
        hint = "put a cell with a comma in quotes, and write 51.77, not 51,77"
        return Problem(line=number, message=f"{counted}: {hint}")
    row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    written = _AMOUNT.fullmatch(row["amount"])
    if not _CODE.fullmatch(row["code"]):
        return Problem(line=number, message="a code has five characters, such as 99457 or G0511")
    if written is None:
        message = "write the amount in dollars and cents, such as 51.77, or 52.11? if disputed"
        return Problem(line=number, message=message)
    try:
        first = date.fromisoformat(row["from"]) if row["from"] else date.min
        last = date.fromisoformat(row["to"]) if row["to"] else date.max
    except ValueError:
        return Problem(line=number, message="write dates as 2026-01-31, or leave them empty")
    if last < first:
        return Problem(line=number, message="the last day lies before the first")
    return Amount(
        code=row["code"],
        first=first,
        last=last,
        amount=Decimal(written[1]),
        disputed=written[2] is not None,
        locality=row.get("locality", ""),
        source=row.get("source", ""),
        line=number,
    )


def _twice(found: Sequence[Amount]) -> Problem | None:
    """Two amounts of one code on one day: nobody could say which is meant."""
    for place, one in enumerate(found):
        for other in found[:place]:
            if one.code == other.code and one.first <= other.last and other.first <= one.last:
                message = f"{one.code} has an amount on these days already, on line {other.line}"
                return Problem(line=one.line, message=message)
    return None
