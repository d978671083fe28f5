"""Releasing a month: the biller hands the lines of a signed, unchanged month to billing.

What is billable goes as it is. A line that a person must decide about goes only when it is named
with the reason, which stays in the row; a line that still waits for its end never goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import closing, entries, people, release_rows, worklist
from cloud_sync.ledger.closing import Standing
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.release_rows import Line, Release
from cloud_sync.ledger.snapshots import Snapshot
from cloud_sync.ledger.tables import release

Decisions = Mapping[str, str]  # `99454`, or `99454/2026-01-02` by its first date: the reason
NONE: Decisions = {}
_EVERYBODY = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What of a month would be released, and what would stay behind with its status."""

    standing: Standing
    lines: tuple[Line, ...]
    behind: tuple[tuple[Line, str], ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became, or would become, of one patient's month; with a `problem` nothing."""

    patient_id: str
    lines: tuple[Line, ...] = ()
    behind: tuple[tuple[Line, str], ...] = ()
    release: Release | None = None
    problem: str | None = None


def name_of(line: Line) -> str:
    """How a line of a month is named where its code alone is not enough."""
    return f"{line.code}/{line.first}"


def offer(standing: Standing, decisions: Decisions = NONE) -> Offer:
    """What a release of this month hands over; Refused where it cannot be released as it stands."""
    snapshot = standing.snapshot
    if snapshot is None:
        raise Refused("This month has not been closed yet.")
    if standing.changes:
        raise Refused("Facts arrived since the month was closed: close it again, sign, release.")
    if standing.state != "signed":
        raise Refused("This month is not signed: only a signed month is released.")
    found = list(_lines(snapshot))
    chosen = _decided(waiting_lines(snapshot), decisions)
    lines, behind = [], []
    for line, status in found:
        reason = chosen.get(name_of(line)) if status == "needs_review" else None
        if status == "billable" or reason:
            lines.append(msgspec.structs.replace(line, decision=reason))
        else:
            behind.append((line, status))
    if not lines:
        raise Refused("No line of this month can be released: none of them is billable.")
    return Offer(standing=standing, lines=tuple(lines), behind=tuple(behind))


def make(  # noqa: PLR0913 - named columns
    db: Connection,
    patient_id: str,
    month: str,
    *,
    author: str,
    at_ms: int,
    decisions: Decisions = NONE,
    digest: str | None = None,
) -> Outcome:
    """Release the month as it was signed; with a `digest` (hex) only if that version was shown."""
    who = closing.held(db, patient_id)
    found = _looked_at(db, who, month, at_ms, decisions)
    snapshot, signature = found.standing.snapshot, found.standing.signature
    assert snapshot is not None, "only a signed month is offered"
    assert signature is not None, "only a signed month is offered"
    if digest is not None and snapshot.digest.hex() != digest:
        raise Refused("The month was closed again meanwhile: look at it, then release.")
    row = {
        "id": new_id(),
        "snapshot_id": snapshot.id,
        "attestation_id": signature.id,
        "digest": snapshot.digest,
        "lines": canonical([msgspec.to_builtins(one) for one in found.lines]).decode(),
        "released_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, release, row, author=author, at_ms=at_ms)
    made = release_rows.of_patient(db, patient_id, month)[-1]
    return Outcome(patient_id=patient_id, lines=made.lines, behind=found.behind, release=made)


def _looked_at(db: Connection, who: Patient, month: str, at_ms: int, decisions: Decisions) -> Offer:
    """What can be released of the month as it stands in the ledger now, or Refused."""
    standing = closing.standing(db, who, month, at_ms)
    known = release_rows.of_patient(db, who.id, month)
    if known and known[-1].stands and not standing.changes:
        raise Refused("This month is released already.")
    found = offer(standing, decisions)
    snapshot = standing.snapshot
    assert snapshot is not None, "only a signed month is offered"
    if not closing.rests_on_the_same(db, who, snapshot):
        raise Refused("Facts of other dates changed: close the month again, sign, release.")
    return found


def waiting(db: Connection, month: str) -> list[str]:
    """Patients whose recorded month is signed and not released, by name."""
    signed = worklist.patients(db, month, "signed", limit=_EVERYBODY)
    known = release_rows.of_month(db, month, signed)
    return [one for one in signed if one not in known or not known[one][-1].stands]


def tried(
    db: Connection, patient_id: str, month: str, at_ms: int, decisions: Decisions = NONE
) -> Outcome:
    """What a release would do now; nothing is written."""
    try:
        found = _looked_at(db, people.find(db, patient_id), month, at_ms, decisions)
    except Refused as problem:
        return Outcome(patient_id=patient_id, problem=str(problem))
    return Outcome(patient_id=patient_id, lines=found.lines, behind=found.behind)


def make_all(  # noqa: PLR0913 - named columns
    store: Store,
    patients: Iterable[str],
    month: str,
    *,
    author: str,
    at_ms: int,
    decisions: Decisions = NONE,
) -> Iterator[Outcome]:
    """Release each patient's month in a short transaction of its own, or say why it stays."""
    for one in patients:
        try:
            with store.write() as db:
                made = make(db, one, month, author=author, at_ms=at_ms, decisions=decisions)
        except Refused as problem:
            made = Outcome(patient_id=one, problem=str(problem))
        yield made


def waiting_lines(snapshot: Snapshot) -> list[Line]:
    """The lines of a month that go only when a person decides so and says why."""
    return [line for line, status in _lines(snapshot) if status == "needs_review"]


def _lines(snapshot: Snapshot) -> Iterator[tuple[Line, str]]:
    """Each line of the determination that was signed, with its status."""
    rows: list[dict[str, Any]] = snapshot.facts["determination"]["lines"]
    for row in rows:
        yield msgspec.convert(row, type=Line), row["status"]


def _decided(asking: list[Line], decisions: Decisions) -> dict[str, str]:
    """The reason for each line that is named; Refused where a name fits none, or more than one."""
    chosen: dict[str, str] = {}
    for name, reason in decisions.items():
        fits = [line for line in asking if name in (line.code, name_of(line))]
        if not fits:
            raise Refused(f"{name}: no line of this code waits for a person's decision.")
        if len(fits) > 1:
            either = " or ".join(name_of(line) for line in fits)
            raise Refused(f"{name}: there are several; name one, as {either}.")
        if not reason.strip():
            raise Refused(f"{name}: say why it is released; the reason is kept with it.")
        chosen[name_of(fits[0])] = reason.strip()
    return chosen
