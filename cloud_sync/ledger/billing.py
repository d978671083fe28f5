"""Who bills for a patient: the practitioner whom the rules call P1."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from cloud_sync.ledger.tables import program_fact, staff


def billing_practitioner(db: Connection, patient_id: str, as_of_ms: int) -> str | None:
    """The account recorded for this patient; without a record, the practice's only practitioner.

    Where there are several and none is recorded, nobody: their minutes then count as staff's.
    """
    return recorded_practitioner(db, patient_id, as_of_ms) or only_practitioner(db)


def only_practitioner(db: Connection) -> str | None:
    """The practice's practitioner, where there is exactly one."""
    found = db.execute(select(staff.c.id).where(staff.c.billing_role == "practitioner")).scalars()
    ids: list[str] = list(found)
    return ids[0] if len(ids) == 1 else None


def recorded_practitioner(db: Connection, patient_id: str, as_of_ms: int) -> str | None:
    """The account that the patient's file names, if it names one."""
    rows = db.execute(
        select(program_fact)
        .where(
            program_fact.c.patient_id == patient_id,
            program_fact.c.kind == "billing_practitioner",
            program_fact.c.recorded_at_ms <= as_of_ms,
        )
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    ).all()
    corrected = {row.corrects for row in rows}
    return recorded([row for row in rows if row.id not in corrected])


def recorded(facts: Iterable[Row[Any]]) -> str | None:
    """The account that the newest of these facts in force names."""
    named = None
    for row in facts:
        if row.kind == "billing_practitioner":
            # Corrected to nothing: the one before it holds again.
            named = msgspec.json.decode(row.body).get("staff", named)
    return named
