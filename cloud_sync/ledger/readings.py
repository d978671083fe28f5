"""Readings as pages ask for them: whose, when by every clock, and when the receipt was given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from cloud_sync.contract import observation as contract
from cloud_sync.contract.observation import Frame
from cloud_sync.contract.readings import Outcome
from cloud_sync.ledger import erasures
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.devices import PATIENT_KINDS
from cloud_sync.ledger.tables import care_time, care_time_review, device, observation

SHOWN_KINDS = (*PATIENT_KINDS, "ketone", "other_analyte", "control_solution", "failed_measurement")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One observation of a patient. `committed_at_ms` is when the clinic gave its receipt."""

    id: str
    device_id: str
    device_label: str
    hub_id: str
    kind: str
    measured_at_ms: int | None
    measured_method: str | None
    uncertainty_ms: int | None
    received_at_ms: int
    committed_at_ms: int
    local_day: date | None
    outcome: Outcome
    frame: Frame
    reviewed: bool

    @property
    def at_ms(self) -> int:
        """The best instant there is, for order and charts."""
        return self.received_at_ms if self.measured_at_ms is None else self.measured_at_ms


def of_patient(
    db: Connection, patient_id: str, *, since_ms: int = 0, limit: int = 500
) -> list[Seen]:
    """A patient's readings and failed attempts, newest first."""
    measured = func.coalesce(observation.c.measured_at_ms, observation.c.received_at_ms)
    statement = (
        _seen()
        .where(observation.c.patient_id == patient_id, measured >= since_ms)
        .order_by(measured.desc(), observation.c.id)
        .limit(limit)
    )
    return _listed(db, statement)


def unreviewed(db: Connection, patient_id: str, limit: int = 200) -> list[Seen]:
    """What no recorded interval has worked on yet, newest first."""
    statement = (
        _seen()
        .where(observation.c.patient_id == patient_id, ~_reviewed())
        .order_by(observation.c.committed_at_ms.desc(), observation.c.id)
        .limit(limit)
    )
    return _listed(db, statement)


def unreviewed_counts(db: Connection, patients: Iterable[str]) -> dict[str, int]:
    """How many readings of each patient wait for review; none once the file was erased."""
    statement = (
        select(observation.c.patient_id, func.count())
        .where(
            observation.c.patient_id.in_(list(patients)),
            observation.c.kind.in_(SHOWN_KINDS),
            ~_reviewed(),
            ~erasures.is_gone(observation.c.patient_id),
        )
        .group_by(observation.c.patient_id)
    )
    return {row[0]: row[1] for row in db.execute(statement)}


def latest(db: Connection, patients: Iterable[str]) -> dict[str, Seen]:
    """The newest reading of each patient of whom one is left."""
    measured = func.coalesce(observation.c.measured_at_ms, observation.c.received_at_ms)
    rank = (
        func.row_number()
        .over(partition_by=observation.c.patient_id, order_by=(measured.desc(), observation.c.id))
        .label("rank")
    )
    newest = (
        select(observation.c.id, observation.c.patient_id, rank)
        .where(observation.c.patient_id.in_(list(patients)), observation.c.kind.in_(PATIENT_KINDS))
        .subquery()
    )
    statement = (
        _seen()
        .add_columns(newest.c.patient_id.label("whose"))
        .join(newest, newest.c.id == observation.c.id)
        .where(newest.c.rank == 1)
    )
    rows = db.execute(statement)
    return {row.whose: _reading(row) for row in rows if not is_erased(row.plaintext)}


def day_counts(db: Connection, patient_id: str, first: date, last: date) -> dict[date, int]:
    """How many readings were measured on each local date, first and last included."""
    statement = (
        select(observation.c.local_day, func.count())
        .where(
            observation.c.patient_id == patient_id,
            observation.c.kind.in_(PATIENT_KINDS),
            observation.c.local_day.between(first, last),
        )
        .group_by(observation.c.local_day)
    )
    return {row[0]: row[1] for row in db.execute(statement)}


def version(db: Connection, patient_id: str | None = None) -> str:
    """Changes whenever a page about this patient (or all patients) would show something new."""
    seen = select(func.count(), func.max(observation.c.committed_at_ms))
    owned = select(func.count(observation.c.patient_id))
    worked = select(func.count(), func.max(care_time.c.entered_at_ms))
    if patient_id is not None:
        seen = seen.where(observation.c.patient_id == patient_id)
        owned = owned.where(observation.c.patient_id == patient_id)
        worked = worked.where(care_time.c.patient_id == patient_id)
    parts = [value for ask in (seen, owned, worked) for value in db.execute(ask).one()]
    return "-".join(str(value or 0) for value in parts)


def _seen() -> Select[Any]:
    return (
        select(
            observation.c.id,
            observation.c.device_id,
            func.coalesce(device.c.label, observation.c.device_id).label("device_label"),
            observation.c.hub_id,
            observation.c.kind,
            observation.c.measured_at_ms,
            observation.c.measured_method,
            observation.c.uncertainty_ms,
            observation.c.received_at_ms,
            observation.c.committed_at_ms,
            observation.c.local_day,
            observation.c.plaintext,
            _reviewed().label("reviewed"),
        )
        .outerjoin(device, device.c.id == observation.c.device_id)
        .where(observation.c.kind.in_(SHOWN_KINDS))
    )


def _reviewed() -> Any:  # noqa: ANN401 - SQLAlchemy's Exists, usable as column and as condition
    links = care_time_review
    return select(links.c.observation_id).where(links.c.observation_id == observation.c.id).exists()


def _listed(db: Connection, statement: Select[Any]) -> list[Seen]:
    """Without what was erased: of it nothing is left to show."""
    return [_reading(row) for row in db.execute(statement) if not is_erased(row.plaintext)]


def _reading(row: Row[Any]) -> Seen:
    opened = contract.decode(row.plaintext)
    assert opened is not None, "the ledger holds an observation that cannot be read"
    return Seen(
        id=row.id.hex(),
        device_id=row.device_id,
        device_label=row.device_label,
        hub_id=row.hub_id,
        kind=row.kind,
        measured_at_ms=row.measured_at_ms,
        measured_method=row.measured_method,
        uncertainty_ms=row.uncertainty_ms,
        received_at_ms=row.received_at_ms,
        committed_at_ms=row.committed_at_ms,
        local_day=row.local_day,
        outcome=opened.outcome,
        frame=opened.frame,
        reviewed=row.reviewed,
    )
