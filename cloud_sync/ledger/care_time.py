"""Minutes of care: one clock a worker, one program at a time, no second counted twice.

Entries only grow; a correction or a void is a new row that names the old one. Overlap is refused
here in words, and by the database itself for whoever comes another way.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from cloud_sync.ledger import entries as chained
from cloud_sync.ledger.care_entries import (
    PROGRAMS,
    Entry,
    Span,
    Work,
    check_work,
    entries,
    of_staff,
)
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import (
    care_time,
    care_time_review,
    care_time_void,
    observation,
    patient,
    running_clock,
    staff,
)

SHORTEST_REASON = 5  # characters: a word at least
LONGEST_RUN_MS = 2 * 60 * 60 * 1000  # beyond it a clock was forgotten: a person gives the end


@dataclass(frozen=True, kw_only=True)
class Running:
    """A worker's clock."""

    staff_id: str
    patient_id: str
    program: str
    started_at_ms: int


def running(db: Connection, staff_id: str) -> Running | None:
    """The worker's clock, if one runs."""
    statement = select(running_clock).where(running_clock.c.staff_id == staff_id)
    row = db.execute(statement).mappings().first()
    return None if row is None else Running(**row)


def start(db: Connection, *, staff_id: str, patient_id: str, program: str, at_ms: int) -> None:
    """Start the worker's only clock."""
    _lock(db, staff_id)
    if program not in PROGRAMS:
        raise Refused(f"The program must be one of: {', '.join(PROGRAMS)}.")
    if db.execute(select(patient.c.id).where(patient.c.id == patient_id)).first() is None:
        raise Refused("There is no such patient.")
    current = running(db, staff_id)
    if current is not None:
        raise Refused(
            f"Your {current.program} clock is running already. Stop it first:"
            " nobody's minutes can count twice."
        )
    _refuse_overlap(db, staff_id, _instant(patient_id, program, at_ms))
    db.execute(
        insert(running_clock).values(
            staff_id=staff_id, patient_id=patient_id, program=program, started_at_ms=at_ms
        )
    )


def stop(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    staff_id: str,
    at_ms: int,
    work: Work,
    reviewed: Iterable[bytes] = (),
    ended_ms: int | None = None,
) -> str:
    """Stop the clock and record the interval; `ended_ms` where the work ended before the click."""
    _lock(db, staff_id)
    current = running(db, staff_id)
    if current is None:
        raise Refused("No clock of yours is running: it was stopped already.")
    end_ms = at_ms if ended_ms is None else ended_ms
    if ended_ms is None and at_ms - current.started_at_ms > LONGEST_RUN_MS:
        raise Refused("This clock has run for more than two hours: give the time the work ended.")
    if not current.started_at_ms < end_ms <= at_ms:
        raise Refused("The work must end after the clock's start and not in the future.")
    db.execute(delete(running_clock).where(running_clock.c.staff_id == staff_id))
    span = Span(
        patient_id=current.patient_id,
        program=current.program,
        start_ms=current.started_at_ms,
        end_ms=end_ms,
    )
    identity = _record(db, staff_id, span, work, measured=ended_ms is None, at_ms=at_ms)
    wanted = _of_patient(db, current.patient_id, reviewed)
    rows = [{"care_time_id": identity, "observation_id": one} for one in wanted]
    chained.add_all(db, care_time_review, rows, author=staff_id, at_ms=at_ms)
    return identity


def switch(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    staff_id: str,
    program: str,
    at_ms: int,
    work: Work,
    reviewed: Iterable[bytes] = (),
) -> str:
    """Stop for one program and start for the other, same patient, at the same instant."""
    current = running(db, staff_id)
    identity = stop(db, staff_id=staff_id, at_ms=at_ms, work=work, reviewed=reviewed)
    assert current is not None, "stop() refuses where no clock runs"
    start(db, staff_id=staff_id, patient_id=current.patient_id, program=program, at_ms=at_ms)
    return identity


def discard(db: Connection, staff_id: str) -> None:
    """Let a clock go that was started by mistake: nothing is recorded."""
    db.execute(delete(running_clock).where(running_clock.c.staff_id == staff_id))


def enter(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    staff_id: str,
    span: Span,
    work: Work,
    at_ms: int,
    corrects: str | None = None,
) -> str:
    """Record time that was typed in: a late entry, or the correction of an earlier one."""
    _lock(db, staff_id)
    if span.program not in PROGRAMS:
        raise Refused(f"The program must be one of: {', '.join(PROGRAMS)}.")
    if not span.start_ms < span.end_ms <= at_ms:
        raise Refused("The end must lie after the start, and neither in the future.")
    if corrects is not None:
        _check_correctable(db, staff_id, span.patient_id, corrects)
    return _record(db, staff_id, span, work, measured=False, at_ms=at_ms, corrects=corrects)


def void(  # noqa: PLR0913 - named columns
    db: Connection, *, care_time_id: str, patient_id: str, staff_id: str, reason: str, at_ms: int
) -> None:
    """Take an interval out, with nothing in its place; it stays readable, and says why."""
    _lock(db, staff_id)
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused("Say why this entry is taken out: an auditor will ask.")
    _check_correctable(db, staff_id, patient_id, care_time_id)
    row = {
        "care_time_id": care_time_id,
        "reason": reason.strip(),
        "voided_at_ms": at_ms,
        "author": staff_id,
    }
    chained.add(db, care_time_void, row, author=staff_id, at_ms=at_ms)


def _record(  # noqa: PLR0913 - named columns
    db: Connection,
    staff_id: str,
    span: Span,
    work: Work,
    *,
    measured: bool,
    at_ms: int,
    corrects: str | None = None,
) -> str:
    check_work(work)
    _refuse_overlap(db, staff_id, span, patients=work.patients, corrects=corrects)
    identity = new_id()
    row = {
        "id": identity,
        "patient_id": span.patient_id,
        "staff_id": staff_id,
        "program": span.program,
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "activity": work.activity.strip(),
        "note": work.note.strip(),
        "interactive": work.interactive,
        "mode": work.mode,
        "direction": work.direction if work.mode != "none" else None,
        "party": work.party if work.mode != "none" else None,
        "patients": work.patients,
        "measured": measured,
        "entered_at_ms": at_ms,
        "corrects": corrects,
    }
    chained.add(db, care_time, row, author=staff_id, at_ms=at_ms)
    return identity


def _refuse_overlap(
    db: Connection, staff_id: str, span: Span, *, patients: int = 1, corrects: str | None = None
) -> None:
    beside = 0
    for entry in of_staff(db, staff_id, span.start_ms, span.end_ms):
        if not entry.in_force or entry.id == corrects:
            continue
        beside += 1
        if not _same_group(entry, span, patients) or beside >= patients:
            raise Refused(
                f"You recorded {entry.program} time in that interval already"
                f" ({(entry.end_ms - entry.start_ms) / 60_000:.0f} min):"
                " one person's minutes can count only once."
            )
    current = running(db, staff_id)
    if current is not None and span.end_ms > current.started_at_ms:
        raise Refused(
            f"Your {current.program} clock is running in that interval: stop it first,"
            " or enter only what came before it."
        )


def _same_group(entry: Entry, span: Span, patients: int) -> bool:
    """The same activity for several patients, each with an entry: each has its share of it."""
    return (
        entry.patients == patients > 1
        and entry.patient_id != span.patient_id
        and (entry.program, entry.start_ms, entry.end_ms)
        == (span.program, span.start_ms, span.end_ms)
    )


def _instant(patient_id: str, program: str, at_ms: int) -> Span:
    return Span(patient_id=patient_id, program=program, start_ms=at_ms, end_ms=at_ms + 1)


def _check_correctable(db: Connection, staff_id: str, patient_id: str, identity: str) -> None:
    row = db.execute(entries().where(care_time.c.id == identity)).mappings().first()
    if row is None or row["patient_id"] != patient_id:
        raise Refused("There is no such entry for this patient.")
    entry = Entry(**row)
    if entry.staff_id != staff_id:
        raise Refused("Only who recorded an entry can correct it: its note is their word.")
    if entry.corrected:
        raise Refused("This entry has been corrected already: correct the newer one.")
    if entry.voided_at_ms is not None:
        raise Refused("This entry has been taken out: enter the time anew if it was right.")


def _of_patient(db: Connection, patient_id: str, reviewed: Iterable[bytes]) -> list[bytes]:
    """What was looked at; only readings of this patient."""
    wanted = sorted(set(reviewed))
    own = select(observation.c.id).where(
        observation.c.id.in_(wanted), observation.c.patient_id == patient_id
    )
    if sorted(db.execute(own).scalars()) != wanted:
        raise Refused("One of the readings is not this patient's any more: load the page again.")
    return wanted


def _lock(db: Connection, staff_id: str) -> None:
    """One change of a worker's time at a time (PostgreSQL; SQLite has one writer)."""
    db.execute(select(staff.c.id).where(staff.c.id == staff_id).with_for_update())
