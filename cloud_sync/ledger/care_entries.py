"""What an entry of care time is, and how entries are read back. `care_time` writes them."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from cloud_sync.ledger.tables import care_time, care_time_review, staff

PROGRAMS = ("RPM", "CCM", "other")
MODES = ("none", "phone", "video", "in_person", "text", "voicemail", "portal")
LIVE_MODES = ("phone", "video", "in_person")  # real-time, two-way, voice at least (CY2021 rule)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was done, as the worker describes it when the time is recorded."""

    activity: str
    note: str
    mode: str = "none"
    interactive: bool = False


@dataclass(frozen=True, kw_only=True)
class Span:
    """For whom, in which program, from when to when."""

    patient_id: str
    program: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One recorded interval."""

    id: str
    patient_id: str
    staff_id: str
    full_name: str
    program: str
    start_ms: int
    end_ms: int
    activity: str
    note: str
    interactive: bool
    mode: str
    measured: bool
    entered_at_ms: int
    corrects: str | None
    corrected: bool


def of_patient(db: Connection, patient_id: str, from_ms: int, to_ms: int) -> list[Entry]:
    """A patient's entries that touch this time, corrected ones too, oldest first."""
    statement = entries().where(
        care_time.c.patient_id == patient_id,
        care_time.c.start_ms < to_ms,
        care_time.c.end_ms > from_ms,
    )
    return _listed(db, statement)


def of_staff(db: Connection, staff_id: str, from_ms: int, to_ms: int) -> list[Entry]:
    """A worker's entries that touch this time, corrected ones too, oldest first."""
    statement = entries().where(
        care_time.c.staff_id == staff_id,
        care_time.c.start_ms < to_ms,
        care_time.c.end_ms > from_ms,
    )
    return _listed(db, statement)


def reviewed(db: Connection, patient_id: str) -> set[bytes]:
    """The readings that some recorded interval worked on."""
    statement = (
        select(care_time_review.c.observation_id)
        .join(care_time, care_time.c.id == care_time_review.c.care_time_id)
        .where(care_time.c.patient_id == patient_id)
    )
    return set(db.execute(statement).scalars())


def entries() -> Select[*tuple[object, ...]]:
    """Every entry with its worker, and whether a later one corrects it."""
    later = care_time.alias("later")
    corrected = select(later.c.id).where(later.c.corrects == care_time.c.id).exists()
    return select(care_time, staff.c.full_name, corrected.label("corrected")).join(
        staff, staff.c.id == care_time.c.staff_id
    )


def _listed(db: Connection, statement: Select[*tuple[object, ...]]) -> list[Entry]:
    rows = db.execute(statement.order_by(care_time.c.start_ms, care_time.c.entered_at_ms))
    return [Entry(**row) for row in rows.mappings()]
