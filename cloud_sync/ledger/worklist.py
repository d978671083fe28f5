"""Patients' months by recorded state: who is to close, to sign, to look at again.

A month's recorded state follows its facts within seconds (`reopening`).
"""

from sqlalchemy import Connection, Select, Subquery, case, func, select

from cloud_sync.ledger import erasures, sealing
from cloud_sync.ledger.tables import (
    attestation,
    attestation_void,
    month_snapshot,
    patient_detail,
)


def counts(db: Connection, month: str) -> dict[str, int]:
    """How many patients are in each state of `closing.State`; states of nobody are absent."""
    found = _states(month)
    rows = db.execute(select(found.c.state, func.count()).group_by(found.c.state))
    return {row[0]: row[1] for row in rows}


def patients(db: Connection, month: str, state: str, *, limit: int, skip: int = 0) -> list[str]:
    """Ids by name of those in a state, or of everybody where it is empty."""
    found = _states(month)
    statement = select(found.c.patient_id, found.c.name)
    if state:
        statement = statement.where(found.c.state == state)
    sealing.prepare_files(db)
    # Sorted here: a name need not be readable to the database.
    rows = sorted(db.execute(statement), key=lambda row: (row.name, row.patient_id))
    return [row.patient_id for row in rows[skip : skip + limit]]


def _states(month: str) -> Subquery:
    newest = _newest(month).subquery()
    later = patient_detail.alias("later")
    return (
        select(
            patient_detail.c.patient_id,
            patient_detail.c.name,
            case(
                (erasures.is_gone(patient_detail.c.patient_id, month), "erased"),
                (newest.c.version.is_(None), "open"),
                (newest.c.signed.is_not(None), "signed"),
                (newest.c.version > 1, "reopened"),
                else_="ready",
            ).label("state"),
        )
        .select_from(patient_detail)
        .outerjoin(newest, newest.c.patient_id == patient_detail.c.patient_id)
        .where(~select(later.c.id).where(later.c.corrects == patient_detail.c.id).exists())
        .subquery()
    )


def _newest(month: str) -> Select[tuple[str, int, str]]:
    """The newest version of each patient's month, with its signature while that holds."""
    later = month_snapshot.alias("later_version")
    superseded = select(later.c.id).where(
        later.c.patient_id == month_snapshot.c.patient_id,
        later.c.month == month,
        later.c.version > month_snapshot.c.version,
    )
    voided = select(attestation_void.c.attestation_id)
    standing = (attestation.c.snapshot_id == month_snapshot.c.id) & attestation.c.id.not_in(voided)
    return (
        select(
            month_snapshot.c.patient_id, month_snapshot.c.version, attestation.c.id.label("signed")
        )
        .select_from(month_snapshot)
        .outerjoin(attestation, standing)
        .where(month_snapshot.c.month == month, ~superseded.exists())
    )
