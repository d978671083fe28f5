"""Destroys the keys of what is due, in one transaction, with everything that proves it.

What is due: `retention`. Whose keys: the year's own; the patient's file, when nothing of the
patient is kept on; a hub's month, when every reading in it is due. What stays is wrapped under a
new clinic key, so that a destroyed key cannot be had from an older copy of the database either.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import (
    cells,
    entries,
    erasures,
    holds,
    retention,
    sealing,
    unsealed,
    vault,
)
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.retention import Review, later_by
from cloud_sync.ledger.tables import (
    care_time,
    data_key,
    envelope,
    erased,
    erasure,
    observation,
    patient,
    patient_detail,
    program_fact,
)
from cloud_sync.ledger.unsealed import NOBODY

_MANY = 500


@dataclass(frozen=True, kw_only=True)
class Approved:
    """Who answers for it, and on behalf of whom it is done."""

    by: str
    author: str
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Doomed:
    """One scope whose key, if it has one, is to be destroyed."""

    subject: str
    period: str
    key_id: str | None


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Every scope that may go at an instant; what lies open beside it stays."""

    doomed: list[Doomed]
    unsealed_rows: int


def due(db: Connection, at_ms: int) -> Sentence:
    """What may go at this instant; Refused where nothing may."""
    review = retention.review(db, at_ms)
    found = _doomed(db, review, at_ms)
    if not found:
        blocked = [block for one in review.over for block in one.blocks]
        some = next((one for one in blocked if "were sealed" in one), None)
        raise Refused(
            "Nothing is due: see `vitals-clinic retention due`."
            + (f" Of one that is old enough, {some}." if some else "")
        )
    return Sentence(doomed=found, unsealed_rows=review.unsealed.total)


def _doomed(db: Connection, review: Review, at_ms: int) -> list[Doomed]:
    over = {(one.patient_id, one.year) for one in review.over if one.due}
    years = [(unsealed.subject(one), f"{year:04}") for one, year in sorted(over, key=str)]
    gone = erasures.records(db) | set(years)
    scopes = [
        *years,
        *_files(db, gone, at_ms, review.years),
        *_months(db, over, gone, later_than=review.years, at_ms=at_ms),
    ]
    scopes = [one for one in scopes if not review.unsealed.scopes[one]]
    known = {(row.subject, row.period): row.id for row in db.execute(select(data_key))}
    return [Doomed(subject=s, period=p, key_id=known.get((s, p))) for s, p in scopes]


def erase(
    store: Store,
    approved: Approved,
    clinic_key: bytes,
    clinic_keys: Callable[[], list[bytes]],
    before: str,
) -> dict[str, Any]:
    """Destroy; what is to be signed. `clinic_key` is the new one, `clinic_keys` also the old.

    `before` is the checkpoint from just before. Refused where nothing is due.
    """
    with store.write() as db:
        vault.alone(db)
        entries.lock(db)
        sentence = due(db, approved.at_ms)
        identity, found = new_id(), sentence.doomed
        statement = _statement(db, identity, sentence, approved, before)
        row = {
            "id": identity,
            "statement": hashlib.sha256(canonical(statement)).digest(),
            "approved_by": approved.by,
            "keys_destroyed": sum(one.key_id is not None for one in found),
            "erased_at_ms": approved.at_ms,
            "author": approved.author,
        }
        entries.add(db, erasure, row, author=approved.author, at_ms=approved.at_ms)
        named = [
            {"subject": o.subject, "period": o.period, "erasure_id": identity, "key_id": o.key_id}
            for o in found
        ]
        entries.add_all(db, erased, named, author=approved.author, at_ms=approved.at_ms)
        _destroy(db, [one.key_id for one in found if one.key_id is not None])
        _wrap_again(db, clinic_key, clinic_keys())
        opener = sealing.vault_of(db)
    if opener is not None:
        opener.forget(one.key_id for one in found if one.key_id is not None)
    return statement


def wrap_again(store: Store, clinic_key: bytes, clinic_keys: Callable[[], list[bytes]]) -> None:
    """Everything under this key alone: what an erasure that was cut short had left to do."""
    with store.write() as db:
        vault.alone(db)
        _wrap_again(db, clinic_key, clinic_keys())


def _destroy(db: Connection, ids: list[str]) -> None:
    for at in range(0, len(ids), _MANY):
        db.execute(delete(data_key).where(data_key.c.id.in_(ids[at : at + _MANY])))


def _wrap_again(db: Connection, clinic: bytes, old: Iterable[bytes]) -> None:
    known = list(old)
    for row in db.execute(select(data_key).order_by(data_key.c.id)).all():
        key = vault.unwrapped(row.id, row.wrapped, known)
        cell = vault.wrapped(row.id, key, clinic)
        db.execute(update(data_key).where(data_key.c.id == row.id).values(wrapped=cell))


def _statement(
    db: Connection, identity: str, sentence: Sentence, approved: Approved, before: str
) -> dict[str, Any]:
    found = sentence.doomed
    keys = [one.key_id for one in found if one.key_id is not None]
    rows = sorted(_rows_under(db, set(keys)))
    digest = hashlib.sha256("".join(f"{one}\n" for one in rows).encode()).hexdigest()
    return {
        "v": 1,
        "erasure": identity,
        "erased_at_ms": approved.at_ms,
        "approved_by": approved.by,
        "scopes": [{"subject": o.subject, "period": o.period, "key": o.key_id} for o in found],
        "keys_destroyed": len(keys),
        "rows": len(rows),
        "rows_sha256": digest,
        "unsealed_rows": sentence.unsealed_rows,
        "checkpoint_before": before,
    }


def _rows_under(db: Connection, keys: set[str]) -> Iterator[str]:
    """The rows of which something was sealed under these keys."""
    for table, plan in sealing.tables():
        always = sealing.SALT if sealing.SALT in plan.columns else plan.columns[0]
        column = sealing.stored(table, always)
        for row in db.execute(select(column.label("cell"), *table.primary_key.columns)):
            if cells.key_of(row.cell) in keys:
                yield f"{table.name} {entries.row_id(table, row._mapping)}"  # noqa: SLF001


def _files(
    db: Connection, gone: set[tuple[str, str]], at_ms: int, years: int
) -> Iterator[tuple[str, str]]:
    """The files of patients of whom no year is kept on, and about whom nothing new was recorded."""
    standing = holds.every(db)
    for subject in sorted({subject for subject, _period in gone} - {NOBODY}):
        if not subject.startswith("patient/") or (subject, sealing.FILE) in gone:
            continue
        one = subject.removeprefix("patient/")
        last_ms = max(
            db.scalar(select(func.max(column)).where(owner == one)) or 0
            for column, owner in (
                (patient.c.created_at_ms, patient.c.id),
                (patient_detail.c.recorded_at_ms, patient_detail.c.patient_id),
                (program_fact.c.recorded_at_ms, program_fact.c.patient_id),
            )
        )
        served = _served(db, one)
        if (
            all((subject, year) in gone for year in served)
            and later_by(last_ms, years) <= at_ms
            and not any(hold.covers(one) for hold in standing)
        ):
            yield subject, sealing.FILE


def _served(db: Connection, patient_id: str) -> set[str]:
    times = select(care_time.c.start_ms).where(care_time.c.patient_id == patient_id)
    readings = select(observation.c.local_day, observation.c.committed_at_ms).where(
        observation.c.patient_id == patient_id
    )
    found = {sealing.year_of(at_ms) for at_ms in db.execute(times).scalars()}
    return found | {unsealed.year_of(row) for row in db.execute(readings).mappings()}


def _months(
    db: Connection,
    over: set[tuple[str | None, int]],
    gone: set[tuple[str, str]],
    *,
    later_than: int,
    at_ms: int,
) -> Iterator[tuple[str, str]]:
    """Hubs' months in which every reading may go, and everything is old enough."""
    if any(hold.covers(None) for hold in holds.every(db)):
        return
    kept = select(data_key.c.subject, data_key.c.period).where(data_key.c.subject.like("hub/%"))
    for row in db.execute(kept.order_by(data_key.c.subject, data_key.c.period)):
        first, following = _bounds_ms(row.period)
        if later_by(following, later_than) > at_ms:
            continue
        hub_id = row.subject.removeprefix("hub/")
        within = envelope.c.committed_at_ms.between(first, following - 1)
        readings = db.execute(
            select(observation.c.patient_id, observation.c.local_day, observation.c.committed_at_ms)
            .join(envelope, envelope.c.id == observation.c.envelope_id)
            .where(envelope.c.hub_id == hub_id, within)
        ).mappings()
        if all(_may_go(one, over, gone) for one in readings):
            yield row.subject, row.period


def _may_go(
    row: Any,  # noqa: ANN401 - a row of an observation, of any query
    over: set[tuple[str | None, int]],
    gone: set[tuple[str, str]],
) -> bool:
    year = unsealed.year_of(row)
    whose = row["patient_id"]
    return (whose, int(year)) in over or (unsealed.subject(whose), year) in gone


def _bounds_ms(period: str) -> tuple[int, int]:
    year, month = int(period[:4]), int(period[5:])
    first = datetime(year, month, 1, tzinfo=UTC)
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return round(first.timestamp() * 1000), round(following.timestamp() * 1000)
