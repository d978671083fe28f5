"""Minutes of care: one clock a worker, one program at a time, no second counted twice.

Entries only grow; a correction is a new row that names the old one. Overlap of one worker's entries
is refused inside the transaction that would create it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from cloud_sync.ledger.care_entries import (
    LIVE_MODES,
    MODES,
    PROGRAMS,
    Span,
    Work,
    entries,
    of_staff,
)
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import (
    care_time,
    care_time_review,
    observation,
    patient,
    running_clock,
    staff,
)

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
    _refuse_overlap(db, staff_id, at_ms, at_ms + 1, corrects=None)
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
    _link(db, identity, current.patient_id, reviewed)
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
    _check_work(work)
    _refuse_overlap(db, staff_id, span.start_ms, span.end_ms, corrects=corrects)
    identity = new_id()
    db.execute(
        insert(care_time).values(
            id=identity,
            patient_id=span.patient_id,
            staff_id=staff_id,
            program=span.program,
            start_ms=span.start_ms,
            end_ms=span.end_ms,
            activity=work.activity.strip(),
            note=work.note.strip(),
            interactive=work.interactive,
            mode=work.mode,
            measured=measured,
            entered_at_ms=at_ms,
            corrects=corrects,
        )
    )
    return identity


def _check_work(work: Work) -> None:
    if work.mode not in MODES:
        raise Refused(f"The way of contact must be one of: {', '.join(MODES)}.")
    if work.interactive and work.mode not in LIVE_MODES:
        raise Refused(
            "A live contact is a conversation by phone, by video or in person:"
            " choose which, or untick it."
        )
    if not work.activity.strip() or len(work.activity) > 64:
        raise Refused("Choose what kind of work it was.")
    if not work.note.strip():
        raise Refused("Write a note: what was done and why. Time without one does not count.")


def _refuse_overlap(
    db: Connection, staff_id: str, start_ms: int, end_ms: int, *, corrects: str | None
) -> None:
    for entry in of_staff(db, staff_id, start_ms, end_ms):
        if not entry.corrected and entry.id != corrects:
            raise Refused(
                f"You recorded {entry.program} time in that interval already"
                f" ({(entry.end_ms - entry.start_ms) / 60_000:.0f} min):"
                " one person's minutes can count only once."
            )
    current = running(db, staff_id)
    if current is not None and end_ms > current.started_at_ms:
        raise Refused(
            f"Your {current.program} clock is running in that interval: stop it first,"
            " or enter only what came before it."
        )


def _check_correctable(db: Connection, staff_id: str, patient_id: str, corrects: str) -> None:
    row = db.execute(entries().where(care_time.c.id == corrects)).mappings().first()
    if row is None or row["patient_id"] != patient_id:
        raise Refused("There is no such entry for this patient.")
    if row["staff_id"] != staff_id:
        raise Refused("Only who recorded an entry can correct it: its note is their word.")
    if row["corrected"]:
        raise Refused("This entry has been corrected already: correct the newer one.")


def _link(db: Connection, identity: str, patient_id: str, reviewed: Iterable[bytes]) -> None:
    """Tie the interval to what was looked at; only readings of this patient."""
    wanted = sorted(set(reviewed))
    if not wanted:
        return
    own = select(observation.c.id).where(
        observation.c.id.in_(wanted), observation.c.patient_id == patient_id
    )
    found = sorted(db.execute(own).scalars())
    if found != wanted:
        raise Refused("One of the readings is not this patient's any more: load the page again.")
    rows = [{"care_time_id": identity, "observation_id": one} for one in found]
    db.execute(insert(care_time_review), rows)


def _lock(db: Connection, staff_id: str) -> None:
    """One change of a worker's time at a time (PostgreSQL; SQLite has one writer)."""
    db.execute(select(staff.c.id).where(staff.c.id == staff_id).with_for_update())
