"""The charge list: what was released to billing, one line a code, for the billing system.

Each line leads back to its evidence by the release and the digest of the signed snapshot. There is
no amount in it. Names and NPIs are those that held on the last date of service.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from cloud_sync.export.ledgers import moment, table
from cloud_sync.ledger import people, practices, snapshots, staff, staff_details
from cloud_sync.ledger.care_entries import LIVE_MODES
from cloud_sync.ledger.month_facts import case_of_month
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.release_rows import Line, Release
from cloud_sync.ledger.staff_details import Roster
from cloud_sync.rules.calendar import Span
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted
from cloud_sync.rules.tables import BUNDLED

COLUMNS = (
    "release", "released", "replaces", "practice", "practice NPI", "billing practitioner",
    "billing practitioner NPI", "patient", "record number", "name", "birth date", "payer",
    "from", "to", "code", "units", "program", "days", "minutes", "live contact",
    "released by decision because", "snapshot SHA-256",
)  # fmt: skip


def charge_list(db: Connection, found: Iterable[list[Release]]) -> bytes:
    """The CSV of each patient's releases of one month, of which the newest that stands is listed.

    Oldest first, as `release_rows.of_month` has them: a release of the same month that is void
    since is named in `replaces`, for its claim is to be corrected and not sent beside this one.
    """
    names = {one.id: one.full_name for one in staff.everyone(db)}
    roster = staff_details.roster(db)
    rows = [
        row
        for releases in found
        if releases[-1].stands
        for row in _rows(db, releases, names, roster)
    ]
    return table(COLUMNS, rows)


def _rows(
    db: Connection, releases: list[Release], names: dict[str, str], roster: Roster
) -> Iterator[tuple[object, ...]]:
    *before, made = releases
    who = people.find(db, made.patient_id)
    (snapshot,) = [
        one
        for one in snapshots.versions(db, made.patient_id, made.month)
        if one.id == made.snapshot_id
    ]
    facts = snapshot.facts
    biller: str | None = facts["billing_practitioner"]
    signed = {(one["code"], one["from"]): one for one in facts["determination"]["lines"]}
    counts = _counts(db, who, snapshot)
    for line in made.lines:
        on = date.fromisoformat(line.last)
        known = roster.on(biller, on) if biller else None
        practice = _practice(db, on, known.practice if known else None)
        evidence: dict[str, Any] = signed[line.code, line.first]["evidence"]
        yield (
            made.id,
            moment(made.released_at_ms, who.zone),
            before[-1].id if before else "",
            practice.name if practice else "",
            (practice.npi or "") if practice else "",
            names[biller] if biller else "",
            (known.npi or "") if known else "",
            who.id,
            who.record_number or "",
            who.name,
            who.birth_date.isoformat() if who.birth_date else "",
            who.payer,
            line.first,
            line.last,
            line.code,
            line.units,
            line.program,
            evidence.get("days", ""),
            evidence.get("minutes", ""),
            _contact(counts, line) if "minutes" in evidence else "",
            line.decision or "",
            made.digest.hex(),
        )


def _practice(db: Connection, on: date, name: str | None) -> practices.Detail | None:
    """The practitioner's own practice; where none is recorded, the only one, or the main one."""
    found = {one.practice: one for one in practices.on(db, on)}
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    return found.get(name or practices.MAIN)


def _counts(db: Connection, who: Patient, snapshot: snapshots.Snapshot) -> Counts:
    """What the rules counted for the snapshot."""
    case = read(case_of_month(db, who, snapshot.month, snapshot.made_at_ms))
    assert not isinstance(case, Problem), "the snapshot's own case was read before"
    return counted(case, BUNDLED)


def _contact(counts: Counts, line: Line) -> str:
    """The local date of the first live conversation whose time counts; empty where none was."""
    span = Span(first=date.fromisoformat(line.first), last=date.fromisoformat(line.last))
    zone = counts.case.zone
    starts: list[datetime] = [
        entry.start
        for entry in counts.time.counting(line.program, span)
        if entry.interactive and entry.mode in LIVE_MODES
    ]
    return min(starts).astimezone(zone).date().isoformat() if starts else ""
