"""Versions of closed months and the signatures under them, as they are on record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.ledger import cells
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import attestation, attestation_void, month_snapshot, staff

_SNAPSHOT = [one for one in month_snapshot.columns if one.name != "salt"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One version of a closed month."""

    id: str
    patient_id: str
    month: str
    version: int
    body: str
    digest: bytes
    reason: str | None
    made_at_ms: int
    author: str

    @property
    def erased(self) -> bool:
        """Whether its content went with its key."""
        return cells.is_erased(self.body)

    @property
    def facts(self) -> dict[str, Any]:
        """The body, read; Refused where it was erased."""
        if self.erased:
            raise Refused("This month was erased under retention.")
        return msgspec.json.decode(self.body, type=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A practitioner's attestation, and why it no longer holds."""

    id: str
    full_name: str
    signed_at_ms: int
    statement: str
    digest: bytes
    void_reason: str | None
    voided_at_ms: int | None


def latest(db: Connection, patient_id: str, month: str) -> Snapshot | None:
    """The newest version of a patient's month."""
    found = versions(db, patient_id, month)
    return found[-1] if found else None


def latest_of(db: Connection, ids: Sequence[str], month: str) -> dict[str, Snapshot]:
    """The newest version of each of these patients' months, where there is one."""
    rows = db.execute(
        select(*_SNAPSHOT)
        .where(month_snapshot.c.patient_id.in_(ids), month_snapshot.c.month == month)
        .order_by(month_snapshot.c.version)
    ).mappings()
    return {row["patient_id"]: Snapshot(**row) for row in rows}


def versions(db: Connection, patient_id: str, month: str) -> list[Snapshot]:
    """Every version, oldest first."""
    rows = db.execute(
        select(*_SNAPSHOT)
        .where(month_snapshot.c.patient_id == patient_id, month_snapshot.c.month == month)
        .order_by(month_snapshot.c.version)
    ).mappings()
    return [Snapshot(**row) for row in rows]


def signature_of(db: Connection, snapshot_id: str) -> Signature | None:
    """The signature under a snapshot, voided or not."""
    row = db.execute(
        select(
            attestation.c.id,
            staff.c.full_name,
            attestation.c.signed_at_ms,
            attestation.c.statement,
            attestation.c.digest,
            attestation_void.c.reason.label("void_reason"),
            attestation_void.c.voided_at_ms,
        )
        .join(staff, staff.c.id == attestation.c.staff_id)
        .outerjoin(attestation_void, attestation_void.c.attestation_id == attestation.c.id)
        .where(attestation.c.snapshot_id == snapshot_id)
    ).mappings()
    found = row.first()
    return None if found is None else Signature(**found)


def closed_months(db: Connection, patient_id: str | None = None) -> list[str]:
    """Months of which some patient, or this one, has a snapshot, newest first."""
    statement = select(month_snapshot.c.month).group_by(month_snapshot.c.month)
    if patient_id is not None:
        statement = statement.where(month_snapshot.c.patient_id == patient_id)
    return sorted(db.execute(statement).scalars(), reverse=True)
