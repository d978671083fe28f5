"""Who bills for a patient: the practitioner whom the rules call P1."""

import msgspec
from sqlalchemy import Connection, select

from cloud_sync.ledger.staff_details import practitioners
from cloud_sync.ledger.tables import program_fact


def billing_practitioner(db: Connection, patient_id: str, as_of_ms: int) -> str | None:
    """The account recorded for this patient; without a record, the practice's only practitioner.

    Where there are several and none is recorded, nobody: their minutes then count as staff's.
    """
    recorded = recorded_practitioner(db, patient_id, as_of_ms)
    if recorded is not None:
        return recorded
    ids = practitioners(db, as_of_ms)
    return ids[0] if len(ids) == 1 else None


def recorded_practitioner(db: Connection, patient_id: str, as_of_ms: int) -> str | None:
    """The account that the patient's file names, if it names one."""
    later = program_fact.alias("later")
    corrected = select(later.c.id).where(
        later.c.corrects == program_fact.c.id, later.c.recorded_at_ms <= as_of_ms
    )
    body = db.scalar(
        select(program_fact.c.body)
        .where(
            program_fact.c.patient_id == patient_id,
            program_fact.c.kind == "billing_practitioner",
            program_fact.c.recorded_at_ms <= as_of_ms,
            program_fact.c.body != "{}",
            ~corrected.exists(),
        )
        .order_by(program_fact.c.recorded_at_ms.desc(), program_fact.c.id.desc())
        .limit(1)
    )
    return None if body is None else str(msgspec.json.decode(body)["staff"])
