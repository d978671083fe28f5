"""What an entry of care time is, and how entries are read back. `care_time` writes them."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time, care_time_review, care_time_void, staff

PROGRAMS = ("RPM", "CCM", "other")
MODES = ("none", "phone", "video", "in_person", "text", "voicemail", "portal")
LIVE_MODES = ("phone", "video", "in_person")  # real-time, two-way, voice at least (CY2021 rule)
DIRECTIONS = ("incoming", "outgoing")
PARTIES = ("patient", "caregiver", "other")
MOST_PATIENTS = 100  # of one group activity


@dataclass(frozen=True, kw_only=True)
class Work:
    """What was done, as the worker describes it when the time is recorded."""

    activity: str
    note: str
    mode: str = "none"
    interactive: bool = False
    direction: str | None = None
    party: str | None = None
    patients: int = 1


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
    direction: str | None
    party: str | None
    patients: int
    measured: bool
    entered_at_ms: int
    corrects: str | None
    reason: str | None
    split_from: str | None
    import_id: str | None
    external_id: str | None
    corrected: bool
    void_reason: str | None
    voided_at_ms: int | None

    @property
    def in_force(self) -> bool:
        """Neither corrected by a later entry nor taken out."""
        return not self.corrected and self.voided_at_ms is None

    @property
    def delay_ms(self) -> int:
        """How long after the work it was recorded."""
        return max(0, self.entered_at_ms - self.end_ms)


def check_work(work: Work, *, imported: bool = False) -> None:
    """Refused, in words, where the description does not hold together.

    What another system kept without a note stays without one: the rules do not count it.
    """
    if work.mode not in MODES:
        raise Refused(f"The way of contact must be one of: {', '.join(MODES)}.")
    if work.interactive and work.mode not in LIVE_MODES:
        raise Refused(
            "A live contact is a conversation by phone, by video or in person:"
            " choose which, or untick it."
        )
    if work.direction is not None and work.direction not in DIRECTIONS:
        raise Refused(f"Who began the contact must be one of: {', '.join(DIRECTIONS)}.")
    if work.party is not None and work.party not in PARTIES:
        raise Refused(f"Who was spoken to must be one of: {', '.join(PARTIES)}.")
    if not 1 <= work.patients <= MOST_PATIENTS:
        raise Refused(f"An activity is for 1 to {MOST_PATIENTS} patients.")
    if not work.activity.strip() or len(work.activity) > 64:
        raise Refused("Choose what kind of work it was.")
    if not work.note.strip() and not imported:
        raise Refused("Write a note: what was done and why. Time without one does not count.")


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


def find(db: Connection, identity: str) -> Entry | None:
    """One entry."""
    row = db.execute(entries().where(care_time.c.id == identity)).mappings().first()
    return None if row is None else Entry(**row)


def reviewed(db: Connection, patient_id: str) -> set[bytes]:
    """The readings that some recorded interval worked on."""
    statement = (
        select(care_time_review.c.observation_id)
        .join(care_time, care_time.c.id == care_time_review.c.care_time_id)
        .where(care_time.c.patient_id == patient_id)
    )
    return set(db.execute(statement).scalars())


def entries() -> Select[*tuple[object, ...]]:
    """Every entry with its worker, whether a later one corrects it, and why it was taken out."""
    later = care_time.alias("later")
    corrected = select(later.c.id).where(later.c.corrects == care_time.c.id).exists()
    return (
        select(
            *(one for one in care_time.columns if one.name != "salt"),
            staff.c.full_name,
            corrected.label("corrected"),
            care_time_void.c.reason.label("void_reason"),
            care_time_void.c.voided_at_ms,
        )
        .join(staff, staff.c.id == care_time.c.staff_id)
        .outerjoin(care_time_void, care_time_void.c.care_time_id == care_time.c.id)
    )


def _listed(db: Connection, statement: Select[*tuple[object, ...]]) -> list[Entry]:
    rows = db.execute(statement.order_by(care_time.c.start_ms, care_time.c.entered_at_ms))
    return [Entry(**row) for row in rows.mappings()]
