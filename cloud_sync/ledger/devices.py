"""Devices and whose they are: a device's user slot belongs to one patient at a time, from and to.

A reading's patient follows from this alone, so every change here recounts the device's readings.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from cloud_sync.ledger import entries, locks
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import assignment, assignment_end, device, observation


@dataclass(frozen=True, kw_only=True)
class Device:
    """One physical meter."""

    id: str
    profile: str
    kind: str
    label: str
    fda_defined: bool
    automatic: bool
    test: bool
    first_seen_ms: int


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Whose it was: a device and user slot belonged to this patient from then to then."""

    id: str
    device_id: str
    label: str
    kind: str
    user_slot: int | None
    patient_id: str
    assigned_from_ms: int
    assigned_to_ms: int | None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Readings of a device's user slot that belong to nobody yet."""

    device_id: str
    label: str
    kind: str
    user_slot: int | None
    readings: int
    first_received_ms: int
    last_received_ms: int


def everything(db: Connection) -> list[Device]:
    """All devices the clinic has heard of."""
    rows = db.execute(select(device).order_by(device.c.label, device.c.id)).mappings()
    return [Device(**row) for row in rows]


def find(db: Connection, device_id: str) -> Device:
    """One device, or Refused."""
    row = db.execute(select(device).where(device.c.id == device_id)).mappings().first()
    if row is None:
        raise Refused("The clinic has not heard of this device: it appears with its first reading.")
    return Device(**row)


def assign(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    device_id: str,
    user_slot: int | None,
    patient_id: str,
    from_ms: int,
    author: str,
    at_ms: int,
) -> str:
    """Give a device, or one user slot of it, to a patient; readings since then become theirs."""
    _lock(db, device_id)
    for other in of_device(db, device_id):
        same_slot = user_slot is None or other.user_slot in (None, user_slot)
        if same_slot and (other.assigned_to_ms is None or other.assigned_to_ms > from_ms):
            raise Refused(
                "This device belongs to a patient in that time already: end that assignment"
                " first, or choose a later start."
            )
    identity = new_id()
    row = {
        "id": identity,
        "device_id": device_id,
        "user_slot": user_slot,
        "patient_id": patient_id,
        "assigned_from_ms": from_ms,
        "recorded_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, assignment, row, author=author, at_ms=at_ms)
    _rederive(db, device_id)
    return identity


def end_assignment(  # noqa: PLR0913 - named columns
    db: Connection,
    assignment_id: str,
    *,
    patient_id: str,
    to_ms: int,
    author: str,
    at_ms: int,
    reason: str | None = None,
) -> None:
    """Take a device back from this instant on; what came before stays the patient's.

    One that was made in error ends when it began: no reading was ever this patient's by it.
    """
    statement = _assignments().where(assignment.c.id == assignment_id)
    row = db.execute(statement).mappings().first()
    if row is None or row["patient_id"] != patient_id:
        raise Refused("There is no such assignment of this patient.")
    if row["assigned_to_ms"] is not None:
        raise Refused("This assignment has ended already.")
    if not row["assigned_from_ms"] <= to_ms <= at_ms:
        raise Refused("The end must lie after the assignment's start and not in the future.")
    _lock(db, row["device_id"])
    end = {
        "assignment_id": assignment_id,
        "assigned_to_ms": to_ms,
        "recorded_at_ms": at_ms,
        "author": author,
        "reason": reason and reason.strip(),
    }
    entries.add(db, assignment_end, end, author=author, at_ms=at_ms)
    _rederive(db, row["device_id"])


def of_device(db: Connection, device_id: str) -> list[Assignment]:
    """A device's assignments, oldest first."""
    return _listed(db, _assignments().where(assignment.c.device_id == device_id))


def of_patient(db: Connection, patient_id: str) -> list[Assignment]:
    """A patient's devices, past ones too, oldest first."""
    return _listed(db, _assignments().where(assignment.c.patient_id == patient_id))


def waiting(db: Connection) -> list[Waiting]:
    """Devices with readings that belong to nobody."""
    seen = observation.c
    rows = db.execute(
        select(
            seen.device_id,
            func.coalesce(device.c.label, seen.device_id).label("label"),
            func.coalesce(device.c.kind, "unknown").label("kind"),
            seen.user_slot,
            func.count().label("readings"),
            func.min(seen.received_at_ms).label("first_received_ms"),
            func.max(seen.received_at_ms).label("last_received_ms"),
        )
        .outerjoin(device, device.c.id == seen.device_id)
        .where(seen.patient_id.is_(None), seen.kind.in_(PATIENT_KINDS))
        .group_by(seen.device_id, device.c.label, device.c.kind, seen.user_slot)
        .order_by(func.max(seen.received_at_ms).desc())
    ).mappings()
    return [Waiting(**row) for row in rows]


def lock_patient(db: Connection, patient_id: str) -> None:
    """Lock every device this patient has had, before their zone changes."""
    locks.hold(db, device, device.c.id.in_(_given_to(patient_id)))


def rederive_patient(db: Connection, patient_id: str) -> None:
    """Recount the days of every device this patient has had: their zone has changed."""
    for device_id in db.execute(_given_to(patient_id).distinct()).scalars().all():
        _rederive(db, device_id)


def _given_to(patient_id: str) -> Select[str]:
    """The ids of every device this patient has had."""
    return select(assignment.c.device_id).where(assignment.c.patient_id == patient_id)


PATIENT_KINDS = (
    "blood_pressure",
    "glucose",
    "pulse_oximetry",
    "temperature",
    "weight",
    "body_composition",
)


def _lock(db: Connection, device_id: str) -> None:
    """One change of a device's assignments at a time (PostgreSQL; SQLite has one writer)."""
    find(db, device_id)
    locks.hold(db, device, device.c.id == device_id)


def _rederive(db: Connection, device_id: str) -> None:
    from cloud_sync.ledger.derive import rederive

    rederive(db, device_id)


def _listed(db: Connection, statement: Select[*tuple[object, ...]]) -> list[Assignment]:
    ordered = statement.order_by(assignment.c.assigned_from_ms, assignment.c.id)
    return [Assignment(**row) for row in db.execute(ordered).mappings()]


def _assignments() -> Select[*tuple[object, ...]]:
    return (
        select(
            assignment.c.id,
            assignment.c.device_id,
            device.c.label,
            device.c.kind,
            assignment.c.user_slot,
            assignment.c.patient_id,
            assignment.c.assigned_from_ms,
            assignment_end.c.assigned_to_ms,
        )
        .join(device, device.c.id == assignment.c.device_id)
        .outerjoin(assignment_end, assignment_end.c.assignment_id == assignment.c.id)
    )
