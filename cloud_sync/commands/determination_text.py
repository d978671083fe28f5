"""A determination in plain words for the terminal: what is earned, what is not and why."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cloud_sync.fees.schedule import Schedule, priced
from cloud_sync.rules.reasons import SENTENCES

STATUS_WORDS = {
    "billable": "billable",
    "needs_review": "a person must decide",
    "held": "held until the period closes",
}


def show(
    found: Mapping[str, Any], console: Console, *, explain: bool, ahead: Sequence[str] = ()
) -> None:
    """Print the lines as a table, then shortfalls and warnings as sentences."""
    rules = ", ".join(found["rule_sets"]) or "no rule set was needed"
    console.print(f"[bold]{escape(str(found['case']))}[/bold]  {rules}")
    if found["lines"]:
        console.print(_lines(found["lines"]))
    else:
        console.print("No code is earned.")
    for line in found["lines"]:
        for sentence in _line_sentences(line, explain=explain):
            console.print(sentence, highlight=False)
    _section(console, "Not earned", _shortfalls(found["shortfalls"]))
    _section(console, "What can still be reached", (f"  {escape(one)}" for one in ahead))
    _section(console, "To know", _warnings(found["warnings"]))


def show_amounts(found: Mapping[str, Any], schedule: Schedule, console: Console) -> None:
    """What the lines would pay by a fee schedule: beside the determination, never in it."""
    rows = list(priced(schedule, found["lines"]))
    if not rows:
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Code", "To", "Units", "A unit, USD", "Together", "Status", "Locality"):
        table.add_column(heading)
    for row in rows:
        mark = "?" if row.amount is not None and row.amount.disputed else ""
        table.add_row(
            row.code,
            row.last,
            str(row.units),
            "not in the schedule" if row.amount is None else f"{row.amount.amount:.2f}{mark}",
            "" if row.total is None else f"{row.total:.2f}{mark}",
            STATUS_WORDS[row.status],
            "" if row.amount is None else escape(row.amount.locality),
        )
    console.print("\n[bold]By the fee schedule, for orientation[/bold]")
    console.print(table)
    if any(row.amount is not None and row.amount.disputed for row in rows):
        console.print("  An amount with ? is disputed or unverified.", highlight=False)


def _section(console: Console, title: str, sentences: Iterator[str]) -> None:
    for number, sentence in enumerate(sentences):
        if number == 0:
            console.print(f"\n[bold]{title}[/bold]")
        console.print(sentence, highlight=False)


def _lines(lines: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Code", "Units", "From", "To", "Program", "Status"):
        table.add_column(heading)
    for line in lines:
        table.add_row(
            line["code"],
            str(line["units"]),
            line["from"],
            line["to"],
            line["program"],
            STATUS_WORDS[line["status"]],
        )
    return table


def _line_sentences(line: Mapping[str, Any], *, explain: bool) -> Iterator[str]:
    for reason in line["reasons"]:
        yield f"  {line['code']}: {SENTENCES[reason]}"
    evidence = line["evidence"]
    if explain and "days" in evidence:
        yield (
            f"  {line['code']} rests on {evidence['days']} days"
            f" ({evidence['days_measured']} by measurement,"
            f" {evidence['days_received']} by receipt): {', '.join(evidence['dates'])}"
        )
    elif explain:
        yield f"  {line['code']} rests on {evidence['minutes']} full minutes"


def _shortfalls(shortfalls: list[dict[str, Any]]) -> Iterator[str]:
    """One paragraph a code and span, with every reason, and what can still be reached."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in shortfalls:
        groups.setdefault((one["code"], one["from"], one["to"]), []).append(one)
    for (code, first, last), reasons in groups.items():
        is_open = any(one["reason"] == "period_open" for one in reasons)
        yield f"  {code}, {first} to {last}"
        for one in reasons:
            yield f"    {_shortfall(one, last, is_open=is_open)}"


def _shortfall(one: Mapping[str, Any], last: str, *, is_open: bool) -> str:
    sentence = SENTENCES[one["reason"]]
    if "need" not in one or one["have"] >= one["need"]:
        return sentence
    sentence = f"{sentence[:-1]}: {one['have']} of {one['need']}."
    if is_open:
        return f"{sentence} {one['need'] - one['have']} more by {last} would do."
    return sentence


def _warnings(warnings: list[dict[str, Any]]) -> Iterator[str]:
    for one in warnings:
        where = f"{one['from']} to {one['to']}: " if "from" in one else ""
        yield f"  {escape(where + one['detail'])}"
