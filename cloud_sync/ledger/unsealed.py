"""Rows from before records were sealed: no key opens them, so no key's destruction erases them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select

from cloud_sync.ledger import sealing
from cloud_sync.ledger.sealing import SALT, Plan
from cloud_sync.ledger.tables import observation
from cloud_sync.ledger.vault import Scope

NOBODY = "nobody"  # readings that never were anybody's


@dataclass(frozen=True, kw_only=True)
class Unsealed:
    """How many rows each scope has, and each record: a subject and a year, readings included."""

    scopes: Counter[Scope] = field(default_factory=Counter)
    records: Counter[Scope] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Of every row, once."""
        return self.scopes.total()


def find(db: Connection) -> Unsealed:
    """Every row of which something personal lies open in the database."""
    found = Unsealed()
    for table, plan in sealing.tables():
        for row in _rows(db, table, plan):
            scope = plan.scope(db, row)
            found.scopes[scope] += 1
            if table is observation:
                found.records[subject(row["patient_id"]), year_of(row)] += 1
            else:
                found.records[scope] += 1
    return found


def words(rows: int) -> str:
    """What a person must know who wants to erase them."""
    return (
        f"{rows} rows of this record were written before records were sealed; they cannot be"
        " erased in place: export what is to be kept, start a new clinic, and destroy this one"
        " with every backup of it"
    )


def subject(patient_id: str | None) -> str:
    """Whose record it is."""
    return NOBODY if patient_id is None else sealing.patient(patient_id)


def year_of(row: Any) -> str:  # noqa: ANN401 - a row of an observation, of any query
    """The year of service that a reading belongs to; what has no day, by its commit."""
    day = row["local_day"]
    return f"{day:%Y}" if day is not None else sealing.year_of(row["committed_at_ms"])


def _rows(db: Connection, table: Table, plan: Plan) -> Iterator[Any]:
    # Without the content: how much of it there is says nothing about how much memory there is.
    columns = [one for one in table.columns if one.name not in plan.columns]
    query = select(*columns).where(_is_open(table, plan))
    yield from db.execute(query, execution_options={"yield_per": 1000}).mappings()


def _is_open(table: Table, plan: Plan) -> ColumnElement[bool]:
    if SALT not in plan.columns:
        return or_(*(~sealing.is_sealed(table, name) for name in plan.columns))
    content = [sealing.stored(table, name) for name in plan.columns if name != SALT]
    return sealing.stored(table, SALT).is_(None) & or_(*(one.is_not(None) for one in content))
