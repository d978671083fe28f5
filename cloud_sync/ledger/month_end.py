"""Closing a month for everybody: the facts of many patients at once, written in chunks.

Reading and judging need no lock and may be spread over processes; writing is one short transaction
a chunk, so that the server beside it keeps writing. What `closing.close` would write for a lone
patient is written here, byte for byte; whoever's facts changed since is handed to it.
"""

import multiprocessing
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import (
    closing,
    entries,
    erasures,
    locks,
    sealing,
    snapshots,
    touched,
    training,
)
from cloud_sync.ledger.closing import Standing, State
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.month_facts import case_digests, months_facts
from cloud_sync.ledger.people import Patient
from cloud_sync.ledger.snapshots import Snapshot
from cloud_sync.ledger.tables import entry, metadata, month_snapshot
from cloud_sync.ledger.vault import ClinicKeys

CHUNK = 500  # patients in one transaction: about a tenth of a second
_AHEAD = 2  # chunks each process may be ahead of the writer: what bounds the memory


@dataclass(frozen=True, kw_only=True)
class Closed:
    """Where one patient's month stands now; of a month that is not over only that.

    `reason`: why it was opened again, or when it was erased and what is left of it.
    """

    patient_id: str
    record_number: str | None
    state: State
    version: int | None = None
    reason: str | None = None
    digest: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class _Examined:
    """Nothing is to be done (`stands`), a first snapshot is (`body`), or else a further one."""

    patient: Patient
    stands: Closed | None = None
    body: bytes | None = None
    size: int = 0  # of the chain, when it was read


def close_all(  # noqa: PLR0913 - named columns
    store: Store,
    url: str,
    patients: Sequence[Patient],
    month: str,
    *,
    author: str,
    at_ms: int,
    processes: int = 1,
    keys: ClinicKeys | None = None,
) -> Iterator[list[Closed]]:
    """Close the month of these patients, chunk by chunk, in their order.

    `url` and `keys` are the store's own: further processes open it to read.
    """
    chunks = [patients[at : at + CHUNK] for at in range(0, len(patients), CHUNK)]
    if processes > 1 and len(chunks) > 1:
        examined = _spread(url, keys, chunks, month, at_ms, processes)
    else:
        examined = (_examined(store, chunk, month, at_ms) for chunk in chunks)
    for found in examined:
        with store.write() as db:
            yield list(_written(db, found, month, author=author, at_ms=at_ms))


def _spread(  # noqa: PLR0913, PLR0917 - one place calls it
    url: str,
    keys: ClinicKeys | None,
    chunks: list[Sequence[Patient]],
    month: str,
    at_ms: int,
    processes: int,
) -> Iterator[list[_Examined]]:
    """By processes of their own, in order; started afresh, for a database's handles do not fork."""
    fresh = multiprocessing.get_context("spawn")
    waiting: deque[Future[list[_Examined]]] = deque()
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        for chunk in chunks:
            waiting.append(pool.submit(_examined_at, url, keys, chunk, month, at_ms))
            if len(waiting) > processes * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _examined_at(
    url: str, keys: ClinicKeys | None, patients: Sequence[Patient], month: str, at_ms: int
) -> list[_Examined]:
    store = open_store(url, visitor=True, keys=keys)
    try:
        return _examined(store, patients, month, at_ms)
    finally:
        store.close()


def _examined(store: Store, patients: Sequence[Patient], month: str, at_ms: int) -> list[_Examined]:
    with store.read() as db:
        gone = erasures.of_month(db, [one.id for one in patients], month)
        over = [
            one for one in patients if one.id not in gone and closing.is_over(one, month, at_ms)
        ]
        sealing.prepare(db, [one.id for one in over])
        before = snapshots.latest_of(db, [one.id for one in patients], month)
        size = entries.head(db).size
        facts = {found["patient"]: found for found in months_facts(db, over, month, at_ms)}
        digests = _digests(db, over, before, month)
        found = []
        for one in patients:
            snapshot = before.get(one.id)
            if one.id in gone:
                stands = _closed(closing.erased(db, one, month, snapshot, gone[one.id]))
                found.append(_Examined(patient=one, stands=stands))
            elif one.id not in facts:
                stands = Closed(patient_id=one.id, record_number=one.record_number, state="open")
                found.append(_Examined(patient=one, stands=stands))
            elif snapshot is None:
                found.append(_Examined(patient=one, body=canonical(facts[one.id]), size=size))
            else:
                standing = closing.standing_by(db, one, snapshot, facts[one.id])
                moved = standing.changes or digests[one.id] != snapshot.facts["case_sha256"]
                same = None if moved else _closed(standing)
                found.append(_Examined(patient=one, stands=same))
        return found


def _digests(
    db: Connection, patients: Sequence[Patient], before: Mapping[str, Snapshot], month: str
) -> dict[str, str]:
    """Of the case files as they are now for the instant of each one's snapshot."""
    by_instant: dict[int, list[Patient]] = {}
    for one in patients:
        if one.id in before:
            by_instant.setdefault(before[one.id].made_at_ms, []).append(one)
    found: dict[str, str] = {}
    for made_at_ms, some in by_instant.items():
        found |= case_digests(db, some, month, made_at_ms)
    return found


def _written(
    db: Connection, found: list[_Examined], month: str, *, author: str, at_ms: int
) -> Iterator[Closed]:
    training.refuse_billing(db)
    for patient_id in sorted(one.patient.id for one in found if one.stands is None):
        locks.hold_readings(db, patient_id)
    entries.lock(db)
    first = {one.patient.id: one.body for one in found if one.body is not None}
    taken = set(
        db.execute(
            select(month_snapshot.c.patient_id).where(
                month_snapshot.c.month == month, month_snapshot.c.patient_id.in_(first)
            )
        ).scalars()
    )
    rows = {
        patient: closing.snapshot_row(patient, month, body, author=author, at_ms=at_ms)
        for patient, body in first.items()
        if patient not in taken  # by somebody who closed it since it was read
    }
    if rows:
        entries.add_all(db, month_snapshot, list(rows.values()), author=author, at_ms=at_ms)
        _mark_since(db, min(one.size for one in found if one.body is not None))
    for one in found:
        row = rows.get(one.patient.id)
        if one.stands is not None:
            yield one.stands
        elif row is not None:
            yield Closed(
                patient_id=one.patient.id,
                record_number=one.patient.record_number,
                state="ready",
                version=row["version"],
                digest=row["digest"],
            )
        else:
            yield _closed(closing.close(db, one.patient.id, month, author=author, at_ms=at_ms))


def _mark_since(db: Connection, size: int) -> None:
    """Facts that came between reading and writing found no snapshot to mark: now there is one."""
    since = db.execute(select(entry.c.kind, entry.c.row_id).where(entry.c.seq > size)).all()
    for kind, row_id in since:
        table = metadata.tables[kind]
        if kind in touched.LEAVES_MONTHS_ALONE:
            continue
        key = next(iter(table.primary_key.columns))
        row = db.execute(select(table).where(key == row_id.split(":")[0])).mappings().one()
        touched.by_row(db, table, dict(row))


def _closed(standing: Standing) -> Closed:
    snapshot = standing.snapshot
    assert snapshot is not None or standing.state == "erased", "it was closed"
    return Closed(
        patient_id=standing.patient.id,
        record_number=standing.patient.record_number,
        state=standing.state,
        version=snapshot.version if snapshot else None,
        reason=standing.erased_words or (snapshot.reason if snapshot else None),
        digest=snapshot.digest if snapshot else None,
    )
