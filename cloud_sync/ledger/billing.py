"""Who bills for a patient: the practitioner whom the rules call P1."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.staff_details import practitioners
from cloud_sync.ledger.tables import program_fact


def billing_practitioner(db: Connection, patient_id: str, as_of_ms: int) -> str | None:
    """The account recorded for this patient; without a record, the practice's only practitioner.

    Where there are several and none is recorded, nobody: their minutes then count as staff's.
    """
    named = recorded_practitioner(db, patient_id, as_of_ms)
    return named or only_practitioner(db, as_of_ms)


def only_practitioner(db: Connection, as_of_ms: int) -> str | None:
    """The practice's practitioner at that time, where there is exactly one."""
    ids = practitioners(db, as_of_ms)
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
    return recorded([row for row in rows if not is_erased(row.body)])


def recorded(facts: Sequence[Row[Any]]) -> str | None:
    """The account that the newest of these facts names, oldest first, corrected ones too."""
    corrected, named = {row.corrects for row in facts}, None
    for row in facts:
        if row.kind == "billing_practitioner" and row.id not in corrected:
            # Corrected to nothing: the one before it holds again.
            named = msgspec.json.decode(row.body).get("staff", named)
    return named
