"""Which records have been kept long enough, and what still keeps the others.

A record is one patient's year of service. It is kept for the practice's number of years, counted
from the later of its last service and its last claim (42 CFR 424.516(f): seven years from service;
422.504(d): ten). A claim is known by the release of a month to billing, a correction by what voided
that; where nothing was released, by the attestation, as a practice may bill without releasing. As
a device period that ends in January rests on readings of December, January's claims count for the
year before as well.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Connection, extract, func, select

from cloud_sync.ledger import erasures, holds, practice_settings, unsealed
from cloud_sync.ledger.holds import Hold
from cloud_sync.ledger.local_time import local, to_ms
from cloud_sync.ledger.people import Patient, everyone
from cloud_sync.ledger.tables import (
    attestation,
    care_time,
    month_snapshot,
    observation,
    release,
    release_void,
)
from cloud_sync.ledger.unsealed import Unsealed

# No zone is further from UTC: what lies this near to New Year counts for both years.
_MARGIN_MS = 14 * 3_600_000


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One patient's year whose time is over; it is due where nothing blocks it.

    `patient_id` None: readings that never were anybody's.
    """

    patient_id: str | None
    record_number: str | None
    year: int
    last_service_ms: int
    last_claim_ms: int | None
    keep_until_ms: int
    blocks: tuple[str, ...]  # sentences: a legal hold, a month that was never closed

    @property
    def due(self) -> bool:
        """Whether it may be erased now."""
        return not self.blocks


@dataclass(frozen=True, kw_only=True)
class Review:
    """Everything whose time is over, and how much of the same years is kept on."""

    years: int  # for how long the practice keeps a record
    over: tuple[Kept, ...]
    not_yet: int
    next_ms: int | None  # when the first of those is over
    unsealed: Unsealed  # what no key opens; looked for only where something is over


@dataclass(kw_only=True)
class _Year:
    """What one patient has in one year."""

    last_service_ms: int = 0
    last_claim_ms: int | None = None
    served: set[str] = field(default_factory=set)  # months, as 2026-01
    closed: set[str] = field(default_factory=set)


def review(db: Connection, at_ms: int) -> Review:
    """What is due at this instant, and why the rest of what is old enough is not."""
    years = practice_settings.retention_years(db, at_ms)
    homes = {one.id: one for one in everyone(db)}
    placed = holds.every(db)
    over: list[Kept] = []
    waits: list[int] = []
    gone = erasures.records(db)
    for year in _years(db, until=_utc(at_ms).year - years):
        for patient_id, found in _in_year(db, year, homes).items():
            if (unsealed.subject(patient_id), f"{year:04}") in gone:
                continue
            until_ms = later_by(max(found.last_service_ms, found.last_claim_ms or 0), years)
            if until_ms > at_ms:
                waits.append(until_ms)
                continue
            home = homes.get(patient_id) if patient_id else None
            over.append(
                Kept(
                    patient_id=patient_id,
                    record_number=home.record_number if home else None,
                    year=year,
                    last_service_ms=found.last_service_ms,
                    last_claim_ms=found.last_claim_ms,
                    keep_until_ms=until_ms,
                    blocks=tuple(_blocks(patient_id, found.served - found.closed, placed)),
                )
            )
    unerasable = unsealed.find(db) if over else Unsealed()
    return Review(
        years=years,
        over=tuple(_told(one, unerasable) for one in over),
        not_yet=len(waits),
        next_ms=min(waits, default=None),
        unsealed=unerasable,
    )


def _told(one: Kept, found: Unsealed) -> Kept:
    """What no key opens keeps a record, too: destroying keys would erase none of it."""
    rows = found.records[unsealed.subject(one.patient_id), f"{one.year:04}"]
    return replace(one, blocks=(*one.blocks, unsealed.words(rows))) if rows else one


def later_by(at_ms: int, years: int) -> int:
    """The same moment so many years later; for 29 February the first of March."""
    moment = _utc(at_ms)
    try:
        return to_ms(moment.replace(year=moment.year + years))
    except ValueError:
        return to_ms(moment.replace(year=moment.year + years, month=3, day=1))


def _blocks(patient_id: str | None, unclosed: Collection[str], placed: list[Hold]) -> Iterator[str]:
    for hold in placed:
        if hold.covers(patient_id):
            whose = "practice" if hold.patient_id is None else "patient"
            since = f"{_utc(hold.placed_at_ms):%Y-%m-%d}"
            yield f"legal hold on the {whose} since {since}: {hold.reason}"
    for month in sorted(unclosed):
        yield f"{month} was never closed"


def _years(db: Connection, until: int) -> range:
    """From the year of the first record to the last that can be over by now."""
    firsts = [
        db.scalar(select(func.min(care_time.c.start_ms))),
        db.scalar(select(func.min(_served_ms()))),
    ]
    known = [_utc(one - _MARGIN_MS).year for one in firsts if one is not None]
    return range(min(known, default=until + 1), until + 1)


def _served_ms() -> ColumnElement[int]:
    return func.coalesce(observation.c.measured_at_ms, observation.c.committed_at_ms)


def _in_year(db: Connection, year: int, homes: Mapping[str, Patient]) -> dict[str | None, _Year]:
    found: dict[str | None, _Year] = {}
    _readings(db, year, found)
    _time(db, year, homes, found)
    months = select(month_snapshot.c.patient_id, month_snapshot.c.month)
    inside = month_snapshot.c.month.between(f"{year}-01", f"{year}-12")
    for row in db.execute(months.where(inside)):
        if row.patient_id in found:
            found[row.patient_id].closed.add(row.month)
    _claims(db, year, found)
    return found


def _claims(db: Connection, year: int, found: dict[str | None, _Year]) -> None:
    """The latest of signature, release and its end: of several the one that keeps longest."""
    rows = db.execute(
        select(
            month_snapshot.c.patient_id,
            func.max(attestation.c.signed_at_ms).label("signed"),
            func.max(release.c.released_at_ms).label("released"),
            func.max(release_void.c.voided_at_ms).label("voided"),
        )
        .join(attestation, attestation.c.snapshot_id == month_snapshot.c.id)
        .outerjoin(release, release.c.snapshot_id == month_snapshot.c.id)
        .outerjoin(release_void, release_void.c.release_id == release.c.id)
        .where(month_snapshot.c.month.between(f"{year - 1}-12", f"{year + 1}-01"))
        .group_by(month_snapshot.c.patient_id)
    )
    for row in rows:
        if row.patient_id in found:
            claimed = max(row.signed, row.released or 0, row.voided or 0)
            found[row.patient_id].last_claim_ms = claimed


def _readings(db: Connection, year: int, found: dict[str | None, _Year]) -> None:
    """By local day; what has none, and what is nobody's, by its moment."""
    day, moment = observation.c.local_day, _served_ms()
    month = extract("month", day)
    dated = (
        select(observation.c.patient_id, month.label("month"), func.max(moment).label("at_ms"))
        .where(day.between(date(year, 1, 1), date(year, 12, 31)))
        .group_by(observation.c.patient_id, month)
    )
    since_ms, until_ms = _bounds_ms(year)
    dayless = (
        select(observation.c.patient_id, func.max(moment).label("at_ms"))
        .where(day.is_(None), moment >= since_ms, moment < until_ms)
        .group_by(observation.c.patient_id)
    )
    for row in db.execute(dated):
        one = found.setdefault(row.patient_id, _Year())
        one.last_service_ms = max(one.last_service_ms, row.at_ms)
        one.served.add(f"{year:04}-{int(row.month):02}")
    for row in db.execute(dayless):
        one = found.setdefault(row.patient_id, _Year())
        one.last_service_ms = max(one.last_service_ms, row.at_ms)


def _time(
    db: Connection, year: int, homes: Mapping[str, Patient], found: dict[str | None, _Year]
) -> None:
    since_ms, until_ms = _bounds_ms(year)
    rows = db.execute(
        select(care_time.c.patient_id, care_time.c.start_ms, care_time.c.end_ms).where(
            care_time.c.end_ms > since_ms, care_time.c.start_ms < until_ms
        )
    )
    for row in rows:
        one = found.setdefault(row.patient_id, _Year())
        one.last_service_ms = max(one.last_service_ms, row.end_ms)
        begun = local(row.start_ms, homes[row.patient_id].zone)
        if begun.year == year:
            one.served.add(f"{begun:%Y-%m}")


def _bounds_ms(year: int) -> tuple[int, int]:
    first, following = (to_ms(datetime(one, 1, 1, tzinfo=UTC)) for one in (year, year + 1))
    return first - _MARGIN_MS, following + _MARGIN_MS


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
