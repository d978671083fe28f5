"""`vitals-clinic self-audit`: what an auditor would ask, on the practice's own data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import cyclopts

from cloud_sync.commands.patient import Json

if TYPE_CHECKING:
    from cloud_sync.commands.opened import Opened
    from cloud_sync.rules.audit.finding import Finding


def self_audit(
    directory: Path,
    *,
    first: Annotated[str, cyclopts.Parameter(name="--from")],
    last: Annotated[str, cyclopts.Parameter(name="--to")],
    as_json: Json = False,
    csv: Path | None = None,
) -> None:
    """Ask what auditors ask: spikes, missing visits and orders, idle devices, copied notes.

    A flag says where an auditor would look closer, and is no verdict. The page "Self-audit" shows
    the same with a link to everything that a figure counts.

    Example: vitals-clinic self-audit /srv/clinic --from 2026-01 --to 2026-06

    Parameters
    ----------
    directory
        The clinic's directory.
    first
        The first month, as 2026-01.
    last
        The last month; at most 24 in all.
    as_json
        Print {"months", "questions"}: each with its figures and the ids behind them.
    csv
        Write a CSV to this new file: one line for each piece of evidence.

    """
    from cloud_sync.commands.opened import opened, say, say_json
    from cloud_sync.export import self_audit as report
    from cloud_sync.ledger.refused import Refused

    with opened(directory) as clinic:
        months, findings, table = _asked(clinic, first, last)
        if csv is not None:
            try:
                with csv.open("x", encoding="utf-8", newline="") as file:
                    file.write(table)
            except OSError as error:
                raise Refused(f"{csv} cannot be written: {error.strerror}.") from None
    if as_json:
        say_json(report.plain(findings, months))
        return
    _show(findings)
    flagged = sum(one.flagged for one in findings)
    say(f"{flagged} of {len(findings)} questions flagged, {months[0]} to {months[-1]}.")


def _asked(
    clinic: "Opened", first: str, last: str
) -> "tuple[tuple[str, ...], tuple[Finding, ...], str]":
    from cloud_sync.export import self_audit as report
    from cloud_sync.ledger import people, staff
    from cloud_sync.ledger.audit_facts import months_between, practice_facts
    from cloud_sync.ledger.refused import Refused
    from cloud_sync.rules.audit import audit

    try:
        months = months_between(first, last)
    except ValueError as error:
        raise Refused(f"Write the months as 2026-01: {error}.") from None
    with clinic.store.read() as db:
        findings = audit(practice_facts(db, months, clinic.config.zone, clinic.at_ms))
        records = {one.id: one.record_number or "" for one in people.everyone(db)}
        workers = {one.id: one.full_name for one in staff.everyone(db)}
    return months, findings, report.table(findings, records, workers)


def _show(findings: "tuple[Finding, ...]") -> None:
    from cloud_sync.commands.opened import say_table

    rows: list[tuple[str, ...]] = [
        (
            "flagged" if one.flagged else "too few" if one.too_few else "",
            one.question.title if number == 0 else "",
            f"{figure.count} {figure.joint} {figure.of}",
            figure.words,
            one.question.source if number == 0 else "",
        )
        for one in findings
        for number, figure in enumerate(one.figures)
    ]
    say_table(("", "Question", "Figure", "Of what", "Asked by"), rows)
