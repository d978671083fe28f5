"""Takes in care time that another system kept: every row once, nothing dropped, overlaps flagged.

An imported row is late by nature: it is entered when it is imported. Where rows overlap, they are
kept; the rules count such seconds as they say, for none until a person splits them.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import care_entries, entries as chained
from cloud_sync.ledger.care_entries import Entry, Span
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.local_time import to_ms
from cloud_sync.ledger.people import everyone
from cloud_sync.ledger.tables import care_time, staff, time_import
from cloud_sync.ledger.time_csv import Problem, Row
from cloud_sync.ledger.time_flags import overlaps
from cloud_sync.ledger.time_record import Origin, lock, record, running

Named = dict[str, dict[str, str]]
_LONGEST_MS = 24 * 3_600_000  # a longer interval is a slip of the date


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A row with its people found, and what of it overlaps."""

    row: Row
    entry: Entry
    overlaps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What an import would do."""

    new: tuple[Planned, ...]
    known: tuple[Row, ...]  # were imported before, word for word
    problems: tuple[Problem, ...]


def plan(db: Connection, rows: Iterable[Row], *, source: str, at_ms: int) -> Plan:
    """Find patients and workers, leave out what is known, and see what overlaps."""
    found: dict[str, tuple[Row, Entry]] = {}
    known, problems, homes = [], [], _patients(db)
    for row in rows:
        made = _entry(db, row, homes, source, at_ms)
        if isinstance(made, str):
            problems.append(Problem(line=row.line, words=made))
            continue
        assert made.external_id is not None, "every imported row has one"
        before = _imported(db, made.external_id) or found.get(made.external_id, (row, None))[1]
        if before is None:
            found[made.external_id] = row, made
        elif _said(before) == _said(made):
            known.append(row)
        else:
            words = "a row of this id was imported with other content: correct that entry instead"
            problems.append(Problem(line=row.line, words=words))
    new = [entry for _, entry in found.values()]
    return Plan(
        new=tuple(
            Planned(row=row, entry=entry, overlaps=tuple(overlaps(entry, _beside(db, entry, new))))
            for row, entry in found.values()
        ),
        known=tuple(known),
        problems=tuple(problems),
    )


def keep(  # noqa: PLR0913 - named columns
    db: Connection, planned: Plan, *, source: str, digest: bytes, author: str, at_ms: int
) -> str:
    """Record what is new; the id of the import. Nothing may be wrong with the plan."""
    assert not planned.problems, "an import with problems is shown, not kept"
    identity = new_id()
    row = {
        "id": identity,
        "source": source,
        "digest": digest,
        "rows_kept": len(planned.new),
        "rows_known": len(planned.known),
        "rows_overlapping": sum(bool(one.overlaps) for one in planned.new),
        "imported_at_ms": at_ms,
        "author": author,
    }
    chained.add(db, time_import, row, author=author, at_ms=at_ms)
    for one in planned.new:
        entry = one.entry
        span = Span(
            patient_id=entry.patient_id,
            program=entry.program,
            start_ms=entry.start_ms,
            end_ms=entry.end_ms,
        )
        origin = Origin(import_id=identity, external_id=entry.external_id, author=author)
        record(db, entry.staff_id, span, one.row.work, origin, at_ms=at_ms)
    return identity


def _entry(db: Connection, row: Row, homes: Named, source: str, at_ms: int) -> Entry | str:
    """The entry this row becomes, or why it cannot."""
    worker = db.execute(
        select(staff.c.id, staff.c.full_name).where(staff.c.username == row.staff)
    ).first()
    if worker is None:
        return f"there is no account {row.staff}"
    patients = homes.get(row.patient, {})
    if len(patients) != 1:
        many = "several patients have" if patients else "no patient has"
        return f"{many} the record number or id {row.patient}"
    ((patient_id, zone),) = patients.items()
    start_ms, end_ms = (
        to_ms(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))) for at in (row.start, row.end)
    )
    if not start_ms < end_ms <= at_ms:
        return "the end must lie after the start, and neither in the future"
    if end_ms - start_ms > _LONGEST_MS:
        return "it is longer than a day"
    lock(db, worker.id)
    clock = running(db, worker.id)
    if clock is not None and end_ms > clock.started_at_ms:
        return f"the clock of {row.staff} is running in that time: stop it first"
    work = row.work
    identity = {"source": source, "id": row.id} if row.id else _content(row, patient_id, start_ms)
    return Entry(
        id=new_id(), patient_id=patient_id, staff_id=worker.id, full_name=worker.full_name,
        program=row.program, start_ms=start_ms, end_ms=end_ms, activity=work.activity,
        note=work.note, interactive=work.interactive, mode=work.mode, direction=work.direction,
        party=work.party, patients=work.patients, measured=False, entered_at_ms=at_ms,
        corrects=None, reason=None, split_from=None, import_id=None,
        external_id=sha256(canonical(identity)).hexdigest(), corrected=False, void_reason=None,
        voided_at_ms=None,
    )  # fmt: skip


def _content(row: Row, patient_id: str, start_ms: int) -> dict[str, str | int]:
    """What makes a row without an id of its own the same row again."""
    return {
        "patient": patient_id,
        "staff": row.staff,
        "program": row.program,
        "start_ms": start_ms,
        "end": row.end.isoformat(),
        "note": row.work.note,
    }


def _said(entry: Entry) -> tuple[object, ...]:
    mode = entry.mode
    return (
        entry.patient_id, entry.staff_id, entry.program, entry.start_ms, entry.end_ms,
        entry.activity, entry.note, entry.interactive, mode, entry.patients,
        entry.direction if mode != "none" else None, entry.party if mode != "none" else None,
    )  # fmt: skip


def _imported(db: Connection, external_id: str) -> Entry | None:
    identity = db.scalar(select(care_time.c.id).where(care_time.c.external_id == external_id))
    return None if identity is None else care_entries.find(db, identity)


def _beside(db: Connection, entry: Entry, new: list[Entry]) -> list[Entry]:
    """The same worker's time, and the same patient's, there already or in the same file."""
    span = entry.start_ms, entry.end_ms
    there = (
        *care_entries.of_staff(db, entry.staff_id, *span),
        *care_entries.of_patient(db, entry.patient_id, *span),
    )
    file = [
        one for one in new if one.staff_id == entry.staff_id or one.patient_id == entry.patient_id
    ]
    return list({one.id: one for one in (*there, *file)}.values())


def _patients(db: Connection) -> Named:
    """The zone of each patient by record number and by id; record numbers are sealed."""
    found: Named = defaultdict(dict)
    for one in everyone(db):
        for name in {one.id, one.record_number} - {None}:
            found[str(name)][one.id] = one.zone
    return found
