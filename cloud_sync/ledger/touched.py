"""Which closed months a new fact may have changed: each is put in a queue, with the fact itself.

Marks are generous: `reopening` compares, and only a real difference opens a month again. Rows are
only added and, once seen, deleted by id: a mark made meanwhile is never lost to another's delete.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, insert, literal, select

from cloud_sync.ledger.tables import (
    assignment,
    care_time,
    month_snapshot,
    month_touched,
    staff_detail,
)

EVERY_MONTH = "0000-00"
_ONE_DAY = timedelta(days=1)
# What no month rests on: views, signatures, the months themselves, and who looked at what.
LEAVES_MONTHS_ALONE = frozenset(
    {
        "account_opening",
        "alert",
        "alert_handling",
        "alert_threshold",
        "attestation",
        "attestation_void",
        "batch",
        "care_time_link",
        "care_time_review",
        "device_registration",
        "legal_hold",
        "legal_hold_lift",
        "hub_key",
        "month_snapshot",
        "patient",
        "read_log",
        "release",
        "release_void",
        "training_case",
        "training_review",
        "time_import",
    }
)
Row = Mapping[str, Any]


def by_row(db: Connection, table: Table, row: Row) -> None:
    """Mark what a new row of a chained table may touch; of an unknown table, everything."""
    if table.name in LEAVES_MONTHS_ALONE:
        return
    special = _SPECIAL.get(str(table.name))
    if special is not None:
        special(db, row)
    elif "patient_id" in table.c:
        by_patient(db, row["patient_id"])
    elif "device_id" in table.c:
        by_device(db, row["device_id"])
    else:
        by_practice(db)


def by_patient(db: Connection, patient_id: str, from_month: str = EVERY_MONTH) -> None:
    """One patient's closed months from this one on."""
    _mark(db, from_month, month_snapshot.c.patient_id == patient_id)


def by_practice(db: Connection, from_month: str = EVERY_MONTH) -> None:
    """Everybody's closed months from this one on."""
    _mark(db, from_month)


def by_device(db: Connection, device_id: str) -> None:
    """The closed months of whoever has had the device."""
    owners = select(assignment.c.patient_id).where(assignment.c.device_id == device_id)
    _mark(db, EVERY_MONTH, month_snapshot.c.patient_id.in_(owners))


def by_reading(db: Connection, patient_id: str | None, day: date | None, at_ms: int) -> None:
    """A reading that was just opened: marked where its month is over, or its day is not known.

    It is marked whether or not that month is closed by now: the closing may run at this moment and
    not see it. A reading of the running month, which nobody can have closed, costs nothing.
    """
    if patient_id is None:
        return
    month = EVERY_MONTH if day is None else _named(day - _ONE_DAY)
    # The date is the patient's, the instant is UTC: a day's margin covers every zone.
    if month < _named(_date(at_ms) + _ONE_DAY):
        db.execute(insert(month_touched).values(patient_id=patient_id, from_month=month))


def by_moved_readings(db: Connection, moved: Iterable[tuple[str | None, date | None]]) -> None:
    """Readings whose owner or day was derived anew: both the old place and the new."""
    first: dict[str, str] = {}
    for patient_id, day in moved:
        if patient_id is not None:
            month = EVERY_MONTH if day is None else _named(day - _ONE_DAY)
            first[patient_id] = min(month, first.get(patient_id, month))
    for patient_id, month in sorted(first.items()):
        by_patient(db, patient_id, month)


def waiting(db: Connection, limit: int = 500) -> list[str]:
    """Patients with marks, the longest waiting first."""
    rows = db.execute(
        select(month_touched.c.patient_id)
        .group_by(month_touched.c.patient_id)
        .order_by(func.min(month_touched.c.id))
        .limit(limit)
    )
    return list(rows.scalars())


def _by_care_time(db: Connection, row: Row) -> None:
    """Its patient, and whoever the same worker wrote time for in the same minutes."""
    spans = [(row["start_ms"], row["end_ms"])]
    if row.get("corrects"):
        old = _span(db, row["corrects"])
        spans += [(old.start_ms, old.end_ms)]
    month = min(month_before(start) for start, _ in spans)
    by_patient(db, row["patient_id"], month)
    for start, end in spans:
        _beside(db, row["staff_id"], start, end)


def _by_void(db: Connection, row: Row) -> None:
    old = _span(db, row["care_time_id"])
    by_patient(db, old.patient_id, month_before(old.start_ms))
    _beside(db, old.staff_id, old.start_ms, old.end_ms)


def _beside(db: Connection, staff_id: str, start_ms: int, end_ms: int) -> None:
    together = select(care_time.c.patient_id).where(
        care_time.c.staff_id == staff_id,
        care_time.c.start_ms < end_ms,
        care_time.c.end_ms > start_ms,
    )
    _mark(db, month_before(start_ms), month_snapshot.c.patient_id.in_(together))


def _span(db: Connection, care_time_id: str) -> Any:  # noqa: ANN401 - a row
    columns = (care_time.c.patient_id, care_time.c.staff_id, care_time.c.start_ms)
    return db.execute(
        select(*columns, care_time.c.end_ms).where(care_time.c.id == care_time_id)
    ).one()


def _by_staff_detail(db: Connection, row: Row) -> None:
    """Whoever the worker wrote time for; everybody where a practitioner is, or was, concerned.

    A practice's only practitioner bills for every patient who names none.
    """
    of_worker = staff_detail.c.staff_id == row["staff_id"]
    roles = select(staff_detail.c.billing_role).where(of_worker)
    if "practitioner" in {row["billing_role"], *db.scalars(roles)}:
        by_practice(db)
        return
    theirs = select(care_time.c.patient_id).where(care_time.c.staff_id == row["staff_id"])
    _mark(db, EVERY_MONTH, month_snapshot.c.patient_id.in_(theirs))


def _by_setting(db: Connection, row: Row) -> None:
    by_practice(db, month_before(row["effective_from_ms"]))


def _by_assignment_end(db: Connection, row: Row) -> None:
    owner = select(assignment.c.patient_id).where(assignment.c.id == row["assignment_id"])
    by_patient(db, db.scalars(owner).one())


_SPECIAL: dict[str, Callable[[Connection, Row], None]] = {
    "care_time": _by_care_time,
    "care_time_void": _by_void,
    "practice_setting": _by_setting,
    "assignment_end": _by_assignment_end,
    "staff_detail": _by_staff_detail,
}


def month_before(at_ms: int) -> str:
    """The earliest month in which this instant may lie, whatever the zone."""
    return _named(_date(at_ms) - _ONE_DAY)


def _mark(db: Connection, from_month: str, *whose: ColumnElement[bool]) -> None:
    closed = select(month_snapshot.c.patient_id, literal(from_month)).where(
        month_snapshot.c.month >= from_month, *whose
    )
    columns = ["patient_id", "from_month"]
    db.execute(insert(month_touched).from_select(columns, closed.distinct()))


def _date(at_ms: int) -> date:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()


def _named(day: date) -> str:
    return f"{day.year:04}-{day.month:02}"
