"""Writes an interval of care and what it worked on; every way to record time goes through here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from cloud_sync.ledger import entries as chained, locks
from cloud_sync.ledger.care_entries import Entry, Span, Work, check_work, find, of_staff
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import (
    alert,
    care_time,
    care_time_link,
    care_time_review,
    observation,
    program_fact,
    running_clock,
    staff,
)

SHORTEST_REASON = 5  # characters: a word at least


@dataclass(frozen=True, kw_only=True)
class Running:
    """A worker's clock."""

    staff_id: str
    patient_id: str
    program: str
    started_at_ms: int


@dataclass(frozen=True, kw_only=True)
class Links:
    """What an interval worked on: readings, alerts, versions of the care plan, by their ids."""

    readings: tuple[bytes, ...] = ()
    alerts: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How an entry came about, beside its work. `author` is who typed it, if not the worker."""

    measured: bool = False
    corrects: str | None = None
    reason: str | None = None
    split_from: str | None = None
    import_id: str | None = None
    external_id: str | None = None
    author: str | None = None
    links: Links = field(default_factory=Links)


def running(db: Connection, staff_id: str) -> Running | None:
    """The worker's clock, if one runs."""
    statement = select(running_clock).where(running_clock.c.staff_id == staff_id)
    row = db.execute(statement).mappings().first()
    return None if row is None else Running(**row)


def lock(db: Connection, staff_id: str) -> None:
    """One change of a worker's time at a time (PostgreSQL; SQLite has one writer)."""
    locks.hold(db, staff, staff.c.id == staff_id)


def record(  # noqa: PLR0913 - named columns
    db: Connection, staff_id: str, span: Span, work: Work, origin: Origin, *, at_ms: int
) -> str:
    """One interval with its links; overlap is refused, but in an import."""
    check_work(work, imported=origin.import_id is not None)
    if origin.import_id is None:
        refuse_overlap(db, staff_id, span, patients=work.patients, corrects=origin.corrects)
    identity, author = new_id(), origin.author or staff_id
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
        "measured": origin.measured,
        "entered_at_ms": at_ms,
        "corrects": origin.corrects,
        "reason": origin.reason,
        "split_from": origin.split_from,
        "import_id": origin.import_id,
        "external_id": origin.external_id,
    }
    chained.add(db, care_time, row, author=author, at_ms=at_ms)
    _link(db, identity, span.patient_id, origin.links, author=author, at_ms=at_ms)
    return identity


def refuse_overlap(
    db: Connection, staff_id: str, span: Span, *, patients: int = 1, corrects: str | None = None
) -> None:
    """In words what the database would refuse: a second of this worker that is recorded already."""
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


def correctable(db: Connection, staff_id: str, patient_id: str, identity: str) -> Entry:
    """The entry, if this worker may correct it or take it out; else Refused."""
    entry = find(db, identity)
    if entry is None or entry.patient_id != patient_id:
        raise Refused("There is no such entry for this patient.")
    if entry.staff_id != staff_id:
        raise Refused("Only who recorded an entry can correct it: its note is their word.")
    if entry.corrected:
        raise Refused("This entry has been corrected already: correct the newer one.")
    if entry.voided_at_ms is not None:
        raise Refused("This entry has been taken out: enter the time anew if it was right.")
    return entry


def check_reason(reason: str, what: str) -> str:
    """The reason, which must say something."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise Refused(f"Say why this entry is {what}: an auditor will ask.")
    return reason.strip()


def links_of(db: Connection, ids: Iterable[str]) -> dict[str, Links]:
    """What each of these intervals worked on."""
    wanted = list(ids)
    reviews = db.execute(
        select(care_time_review.c.care_time_id, care_time_review.c.observation_id)
        .where(care_time_review.c.care_time_id.in_(wanted))
        .order_by(care_time_review.c.observation_id)
    ).all()
    others = db.execute(
        select(care_time_link)
        .where(care_time_link.c.care_time_id.in_(wanted))
        .order_by(care_time_link.c.ref_id)
    ).all()
    return {
        one: Links(
            readings=tuple(bytes(r.observation_id) for r in reviews if r.care_time_id == one),
            alerts=_refs(others, one, "alert"),
            plans=_refs(others, one, "care_plan"),
        )
        for one in wanted
    }


def _refs(rows: Iterable[Row[Any]], one: str, kind: str) -> tuple[str, ...]:
    return tuple(r.ref_id for r in rows if r.care_time_id == one and r.kind == kind)


def _link(  # noqa: PLR0913 - named columns
    db: Connection, identity: str, patient_id: str, links: Links, *, author: str, at_ms: int
) -> None:
    """What was looked at; only what is this patient's."""
    wanted = sorted(set(links.readings))
    own = select(observation.c.id).where(
        observation.c.id.in_(wanted), observation.c.patient_id == patient_id
    )
    if sorted(db.execute(own).scalars()) != wanted:
        raise Refused("One of the readings is not this patient's any more: load the page again.")
    rows = [{"care_time_id": identity, "observation_id": one} for one in wanted]
    chained.add_all(db, care_time_review, rows, author=author, at_ms=at_ms)
    others = []
    for kind, refs, table in (
        ("alert", sorted(set(links.alerts)), alert),
        ("care_plan", sorted(set(links.plans)), program_fact),
    ):
        known = select(table.c.id).where(table.c.id.in_(refs), table.c.patient_id == patient_id)
        if kind == "care_plan":
            known = known.where(table.c.kind == "care_plans")
        if sorted(db.execute(known).scalars()) != refs:
            raise Refused("What this time worked on is not this patient's: load the page again.")
        others += [{"care_time_id": identity, "kind": kind, "ref_id": ref} for ref in refs]
    chained.add_all(db, care_time_link, others, author=author, at_ms=at_ms)
