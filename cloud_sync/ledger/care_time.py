"""Minutes of care: one clock a worker, one program at a time, no second counted twice.

Entries only grow; a correction or a void is a new row that names the old one. Overlap is refused
here in words, and by the database itself for whoever comes another way.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, delete, insert, select

from cloud_sync.ledger import entries as chained
from cloud_sync.ledger.care_entries import PROGRAMS, Span, Work
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time_void, patient, running_clock
from cloud_sync.ledger.time_record import (
    Links,
    Origin,
    Running,
    check_reason,
    correctable,
    links_of,
    lock,
    record,
    refuse_overlap,
    running,
)

__all__ = [
    "LONGEST_RUN_MS",
    "Links",
    "Running",
    "discard",
    "enter",
    "running",
    "start",
    "stop",
    "switch",
    "void",
]

LONGEST_RUN_MS = 2 * 60 * 60 * 1000  # beyond it a clock was forgotten: a person gives the end


def start(db: Connection, *, staff_id: str, patient_id: str, program: str, at_ms: int) -> None:
    """Start the worker's only clock."""
    lock(db, staff_id)
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
    instant = Span(patient_id=patient_id, program=program, start_ms=at_ms, end_ms=at_ms + 1)
    refuse_overlap(db, staff_id, instant)
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
    links: Links | None = None,
) -> str:
    """Stop the clock and record the interval; `ended_ms` where the work ended before the click."""
    lock(db, staff_id)
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
    worked_on = links or Links()
    worked_on = replace(worked_on, readings=(*worked_on.readings, *reviewed))
    origin = Origin(measured=ended_ms is None, links=worked_on)
    return record(db, staff_id, span, work, origin, at_ms=at_ms)


def switch(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    staff_id: str,
    program: str,
    at_ms: int,
    work: Work,
    reviewed: Iterable[bytes] = (),
    links: Links | None = None,
) -> str:
    """Stop for one program and start for the other, same patient, at the same instant."""
    current = running(db, staff_id)
    identity = stop(db, staff_id=staff_id, at_ms=at_ms, work=work, reviewed=reviewed, links=links)
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
    reason: str = "",
    links: Links | None = None,
) -> str:
    """Record time that was typed in: a late entry, or the correction of an earlier one.

    A correction says why, and works on what the old entry worked on unless `links` says otherwise.
    """
    lock(db, staff_id)
    if span.program not in PROGRAMS:
        raise Refused(f"The program must be one of: {', '.join(PROGRAMS)}.")
    if not span.start_ms < span.end_ms <= at_ms:
        raise Refused("The end must lie after the start, and neither in the future.")
    if corrects is not None:
        correctable(db, staff_id, span.patient_id, corrects)
        reason = check_reason(reason, "corrected")
        links = links or links_of(db, [corrects])[corrects]
    origin = Origin(corrects=corrects, reason=reason or None, links=links or Links())
    return record(db, staff_id, span, work, origin, at_ms=at_ms)


def void(  # noqa: PLR0913 - named columns
    db: Connection, *, care_time_id: str, patient_id: str, staff_id: str, reason: str, at_ms: int
) -> None:
    """Take an interval out, with nothing in its place; it stays readable, and says why."""
    lock(db, staff_id)
    said = check_reason(reason, "taken out")
    correctable(db, staff_id, patient_id, care_time_id)
    row = {
        "care_time_id": care_time_id,
        "reason": said,
        "voided_at_ms": at_ms,
        "author": staff_id,
    }
    chained.add(db, care_time_void, row, author=staff_id, at_ms=at_ms)
