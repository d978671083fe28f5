"""What the ledger holds of some patients at one instant: one query a kind of fact, for all of them.

A month is closed for everybody at once, so the queries take a set; one patient is a set of one.
Nothing is judged here: `casefile` and `month_facts` lay these rows out.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
)

from cloud_sync.ledger import device_details, sealing
from cloud_sync.ledger.billing import only_practitioner
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.device_details import Detail
from cloud_sync.ledger.staff_details import Roster, roster
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    care_time,
    care_time_void,
    device,
    observation,
    patient_detail,
    program_fact,
)
from cloud_sync.ledger.training import is_training

Found = Sequence[Row[Any]]


@dataclass(frozen=True, kw_only=True)
class PatientRows:
    """One patient's rows, each list in the order in which a case file has them.

    `facts` and `time` hold what was corrected, too; `gone` says whether an entry of time was, or
    was voided by then. `beside` is what the same workers logged for others at the same time.
    Entries that were erased are left out; the dates of erased readings are not, because later
    periods are counted from them.
    """

    details: Found
    facts: Found
    devices: Found
    readings: Found
    unclaimed: Found
    time: Found
    beside: Found


@dataclass(frozen=True, kw_only=True)
class KnownRows:
    """Everything that was asked for: the patients' rows, and what holds for all of them."""

    as_of_ms: int
    patients: dict[str, PatientRows]
    roster: Roster
    device_details: dict[str, list[Detail]]  # by device, in the order in which they take effect
    only_practitioner: str | None
    training: bool  # a practice of trainees, whose entries reach no claim


def rows_of(db: Connection, ids: Collection[str], as_of_ms: int) -> KnownRows:
    """The rows of these patients that were recorded by then; a patient without any has none."""
    wanted = sorted(set(ids))
    sealing.prepare(db, wanted)
    own = _own_time(db, wanted, as_of_ms)
    lent = _devices(db, wanted, as_of_ms)
    unclaimed = _by(_unclaimed(db, lent, as_of_ms), "device_id")
    details = _by(db.execute(_details(wanted)), "patient_id")
    facts = _by(db.execute(_facts(wanted, as_of_ms)), "patient_id")
    readings = _by(db.execute(_readings(wanted, as_of_ms)), "patient_id")
    devices, time = _by(lent, "patient_id"), _by(own, "patient_id")
    beside = _by(_beside(db, wanted, {row.staff_id for row in own}, as_of_ms), "beside")
    return KnownRows(
        as_of_ms=as_of_ms,
        patients={
            one: PatientRows(
                details=details.get(one, ()),
                facts=[row for row in facts.get(one, ()) if not is_erased(row.body)],
                devices=devices.get(one, ()),
                readings=sorted(readings.get(one, ()), key=_by_measurement),
                unclaimed=[
                    row
                    for each in {row.id for row in devices.get(one, ())}
                    for row in unclaimed.get(each, ())
                ],
                time=[row for row in time.get(one, ()) if not is_erased(row.note)],
                beside=beside.get(one, ()),
            )
            for one in wanted
        },
        roster=roster(db, as_of_ms),
        device_details=device_details.history(db, {row.id for row in lent}, as_of_ms),
        only_practitioner=only_practitioner(db, as_of_ms),
        training=is_training(db),
    )


def _by(rows: Iterable[Row[Any]], key: str) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[getattr(row, key)].append(row)
    return found


def _by_measurement(row: Row[Any]) -> tuple[bool, int, bytes]:
    """What has no time of measurement comes first, on either database."""
    return (row.measured_at_ms is not None, row.measured_at_ms or 0, row.id)


def _details(ids: list[str]) -> Select[Any]:
    """Later ones too: before the first of them, the first holds."""
    return (
        select(patient_detail)
        .where(patient_detail.c.patient_id.in_(ids))
        .order_by(patient_detail.c.recorded_at_ms, patient_detail.c.id)
    )


def _facts(ids: list[str], as_of_ms: int) -> Select[Any]:
    return (
        select(program_fact)
        .where(program_fact.c.patient_id.in_(ids), program_fact.c.recorded_at_ms <= as_of_ms)
        .order_by(program_fact.c.recorded_at_ms, program_fact.c.id)
    )


def _devices(db: Connection, ids: list[str], as_of_ms: int) -> Found:
    """One row an assignment: a device given back and lent again has two."""
    return db.execute(
        select(
            device,
            assignment.c.patient_id,
            assignment.c.assigned_from_ms,
            assignment_end.c.assigned_to_ms,
        )
        .join(assignment, assignment.c.device_id == device.c.id)
        .outerjoin(
            assignment_end,
            and_(
                assignment_end.c.assignment_id == assignment.c.id,
                assignment_end.c.recorded_at_ms <= as_of_ms,
            ),
        )
        .where(assignment.c.patient_id.in_(ids), assignment.c.recorded_at_ms <= as_of_ms)
        .order_by(assignment.c.assigned_from_ms, assignment.c.id)
    ).all()


_READING: tuple[Column[Any], ...] = (
    observation.c.id,
    observation.c.device_id,
    observation.c.kind,
    observation.c.measured_at_ms,
    observation.c.committed_at_ms,
    observation.c.patient_id,
    observation.c.local_day,
)


def _readings(ids: list[str], as_of_ms: int) -> Select[Any]:
    """Whatever the patients' devices said, readings or not; in no order."""
    return select(*_READING).where(
        observation.c.patient_id.in_(ids), observation.c.committed_at_ms <= as_of_ms
    )


def _unclaimed(db: Connection, lent: Found, as_of_ms: int) -> Found:
    """Readings of these devices that nobody's assignment covers."""
    return db.execute(
        select(*_READING)
        .where(
            observation.c.patient_id.is_(None),
            observation.c.device_id.in_(sorted({row.id for row in lent})),
            observation.c.uncertainty_ms.is_not(None),
            observation.c.measured_at_ms.is_not(None),
            observation.c.committed_at_ms <= as_of_ms,
        )
        .order_by(observation.c.measured_at_ms, observation.c.id)
    ).all()


def _gone(as_of_ms: int) -> ColumnElement[bool]:
    later = care_time.alias("later")
    return or_(
        exists().where(later.c.corrects == care_time.c.id, later.c.entered_at_ms <= as_of_ms),
        exists().where(
            care_time_void.c.care_time_id == care_time.c.id,
            care_time_void.c.voided_at_ms <= as_of_ms,
        ),
    )


def _own_time(db: Connection, ids: list[str], as_of_ms: int) -> Found:
    return db.execute(
        select(care_time, _gone(as_of_ms).label("gone"))
        .where(care_time.c.patient_id.in_(ids), care_time.c.entered_at_ms <= as_of_ms)
        .order_by(care_time.c.start_ms, care_time.c.id)
    ).all()


def _beside(db: Connection, ids: list[str], workers: Collection[str], as_of_ms: int) -> Found:
    """Each row once for every patient beside whose time it lies.

    No entry is longer than the workers' longest, which lets the index on their ends bound the
    search on both sides: else each entry would be held against everything logged after it.
    """
    length = func.max(care_time.c.end_ms - care_time.c.start_ms)
    longest_ms = db.scalar(select(length).where(care_time.c.staff_id.in_(sorted(workers))))
    if longest_ms is None:
        return ()
    own = care_time.alias("own")
    return db.execute(
        select(care_time, own.c.patient_id.label("beside"))
        .join(
            own,
            and_(
                own.c.staff_id == care_time.c.staff_id,
                care_time.c.end_ms > own.c.start_ms,
                care_time.c.end_ms < own.c.end_ms + longest_ms,
                care_time.c.start_ms < own.c.end_ms,
                care_time.c.patient_id != own.c.patient_id,
            ),
        )
        .where(
            own.c.patient_id.in_(ids),
            own.c.entered_at_ms <= as_of_ms,
            care_time.c.entered_at_ms <= as_of_ms,
            ~_gone(as_of_ms),
        )
        .distinct()
        .order_by(care_time.c.start_ms, care_time.c.id)
    ).all()
