"""What was released to billing, and what voided it, as the ledger has it.

A release is the biller's act (`releasing`); it is void once the month under it is opened again,
which `closing` says here in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.ledger import cells, entries
from cloud_sync.ledger.tables import month_snapshot, release, release_void

_NOT_SHOWN = {"lines", "attestation_id", "salt"}
_MANY = 500  # ids in one query: SQLite and PostgreSQL both bound the parameters


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One code as it was handed to billing; no amount is ever part of it.

    `decision`: why a line that a person had to decide about was released all the same.
    """

    code: str
    units: int
    first: str = msgspec.field(name="from")  # date of service, ISO
    last: str = msgspec.field(name="to")
    program: Literal["RPM", "CCM"]
    decision: str | None = None


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of a patient's month that was released, and why it holds no more."""

    id: str
    snapshot_id: str
    patient_id: str
    month: str
    version: int
    digest: bytes  # of the snapshot
    lines: tuple[Line, ...]
    released_at_ms: int
    author: str
    void_reason: str | None
    voided_at_ms: int | None

    @property
    def stands(self) -> bool:
        """Whether the month is still the one that was released."""
        return self.voided_at_ms is None


def of_month(db: Connection, month: str, patients: Iterable[str]) -> dict[str, list[Release]]:
    """The releases of a month by patient, the newest version last; nobody without one."""
    wanted, found = sorted(set(patients)), dict[str, list[Release]]()
    for start in range(0, len(wanted), _MANY):
        rows = db.execute(
            select(
                release,
                month_snapshot.c.patient_id,
                month_snapshot.c.month,
                month_snapshot.c.version,
                release_void.c.reason.label("void_reason"),
                release_void.c.voided_at_ms,
            )
            .join(month_snapshot, month_snapshot.c.id == release.c.snapshot_id)
            .outerjoin(release_void, release_void.c.release_id == release.c.id)
            .where(
                month_snapshot.c.month == month,
                month_snapshot.c.patient_id.in_(wanted[start : start + _MANY]),
            )
            .order_by(month_snapshot.c.version)
        ).mappings()
        for row in rows:
            values = {name: row[name] for name in row if name not in _NOT_SHOWN}
            found.setdefault(row["patient_id"], []).append(
                Release(lines=_lines(row["lines"]), **values)
            )
    return found


def _lines(stored: str) -> tuple[Line, ...]:
    """What was released; nothing is known of it once it was erased under retention."""
    if cells.is_erased(stored):
        return ()
    return msgspec.json.decode(stored, type=tuple[Line, ...])


def of_patient(db: Connection, patient_id: str, month: str) -> list[Release]:
    """Every release of one patient's month, the newest version last."""
    return of_month(db, month, [patient_id]).get(patient_id, [])


def void_under(db: Connection, snapshot_id: str, reason: str, *, author: str, at_ms: int) -> None:
    """The release under this snapshot, if there is one that holds, holds no more."""
    voided = select(release_void.c.release_id)
    found = db.scalar(
        select(release.c.id).where(
            release.c.snapshot_id == snapshot_id, release.c.id.not_in(voided)
        )
    )
    if found is None:
        return
    row = {"release_id": found, "reason": reason, "voided_at_ms": at_ms, "author": author}
    entries.add(db, release_void, row, author=author, at_ms=at_ms)
