"""Whose an observation is, when it was taken and on which local day: derived, and derived again.

An assignment recorded later, another zone or a time anchor changes nothing that was recorded; only
the derived columns of the observations follow, in the same transaction.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from cloud_sync.contract import observation as contract
from cloud_sync.contract.observation import Observation
from cloud_sync.ledger import anchors, locks, moment, touched
from cloud_sync.ledger.anchors import Place
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.moment import NO_ANCHORS, Anchors, Clocks, Moment
from cloud_sync.ledger.tables import (
    assignment,
    assignment_end,
    device,
    envelope,
    observation,
    patient_detail,
)

_COLUMNS = ("measured_at_ms", "measured_method", "uncertainty_ms", "patient_id", "local_day")


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A patient who had the device, or one user slot of it, from then until then."""

    patient_id: str
    user_slot: int | None
    from_ms: int
    to_ms: int | None
    zone: ZoneInfo

    def had_it_at(self, at_ms: int) -> bool:
        return self.from_ms <= at_ms and (self.to_ms is None or at_ms < self.to_ms)


def rederive(db: Connection, device_id: str) -> int:
    """Derive every observation of the device anew; how many changed."""
    return _derive_anew(db, device_id, None)


def after_anchor(db: Connection, place: Place) -> int:
    """Derive anew what a new anchor in this place may have told the time of; how many changed."""
    chosen = anchors.affected(db, place)
    devices = db.scalars(
        select(observation.c.device_id).where(observation.c.id.in_(chosen)).distinct()
    )
    return sum(_derive_anew(db, device_id, chosen) for device_id in sorted(devices))


def _derive_anew(db: Connection, device_id: str, chosen: Collection[bytes] | None) -> int:
    known = holders(db, device_id)
    rows = db.execute(
        select(
            observation.c.id,
            observation.c.plaintext,
            observation.c.committed_at_ms,
            envelope.c.hub_id,
            envelope.c.epoch,
            envelope.c.seq,
            *(observation.c[name] for name in _COLUMNS),
        )
        .join(envelope, envelope.c.id == observation.c.envelope_id)
        .where(observation.c.device_id == device_id)
    ).mappings()
    changed, moved = 0, []
    for row in rows.all():
        if (chosen is not None and row["id"] not in chosen) or is_erased(row["plaintext"]):
            continue
        said = contract.decode(row["plaintext"])
        assert said is not None, "a stored observation no longer decodes"
        place = Place(hub_id=row["hub_id"], epoch=row["epoch"], seq=row["seq"])
        near = anchors_of(db, said, place)
        now = derived(said, row["committed_at_ms"], known, near)
        if now != {name: row[name] for name in _COLUMNS}:
            db.execute(update(observation).where(observation.c.id == row["id"]).values(now))
            moved += [(row["patient_id"], row["local_day"]), (now["patient_id"], now["local_day"])]
            changed += 1
    touched.by_moved_readings(db, moved)
    return changed


def anchors_of(db: Connection, said: Observation, place: Place) -> Anchors:
    """The anchors around an observation, where its own clock needs them."""
    return NO_ANCHORS if said.frame.received.synchronised else anchors.around(db, place)


def holders(db: Connection, device_id: str) -> list[Holder]:
    """Who had the device, newest assignment first.

    Locks the device's row: an observation and an assignment that arrive at the same time would
    otherwise miss each other on PostgreSQL. (SQLite has one writer anyway.)
    """
    locks.hold(db, device, device.c.id == device_id)
    rows = db.execute(
        select(assignment, assignment_end.c.assigned_to_ms)
        .outerjoin(assignment_end, assignment_end.c.assignment_id == assignment.c.id)
        .where(assignment.c.device_id == device_id)
        .order_by(assignment.c.assigned_from_ms.desc(), assignment.c.recorded_at_ms.desc())
    ).all()
    zones = _zones(db, {row.patient_id for row in rows})
    return [
        Holder(
            patient_id=row.patient_id,
            user_slot=row.user_slot,
            from_ms=row.assigned_from_ms,
            to_ms=row.assigned_to_ms,
            zone=zones[row.patient_id],
        )
        for row in rows
    ]


def derived(
    said: Observation, committed_at_ms: int, known: Sequence[Holder], near: Anchors = NO_ANCHORS
) -> dict[str, Any]:
    """The derived columns of one observation. Pure."""
    clocks = _clocks(said, committed_at_ms, near)
    candidates = _candidates(known, getattr(said.outcome, "user", None))
    for holder in candidates:
        taken = moment.resolve(clocks, holder.zone)
        unplaceable = taken.uncertainty_ms is None and len({h.patient_id for h in candidates}) > 1
        if holder.had_it_at(taken.at_ms) and not unplaceable:
            return _values(taken, holder)
    return _values(moment.resolve(clocks, None), None)


def device_time(said: Observation) -> datetime | None:
    """The device's word for when it measured: user-facing time, or base time and its offset."""
    outcome = said.outcome
    shown: datetime | None = getattr(outcome, "device_time", None)
    base: datetime | None = getattr(outcome, "base_time", None)
    if shown is not None or base is None:
        return shown
    try:
        return base + timedelta(minutes=getattr(outcome, "time_offset_minutes", None) or 0)
    except OverflowError:
        return None


def _clocks(said: Observation, committed_at_ms: int, near: Anchors) -> Clocks:
    return Clocks(
        device_time=device_time(said),
        flags=getattr(said.outcome, "flags", ()),
        received=said.frame.received,
        compared=said.frame.clock,
        committed_at_ms=committed_at_ms,
        anchors=near,
    )


def _candidates(known: Iterable[Holder], user_slot: int | None) -> list[Holder]:
    """Those of exactly this slot before those of the whole device."""
    fitting = [holder for holder in known if holder.user_slot in {None, user_slot}]
    return sorted(fitting, key=lambda holder: holder.user_slot is None)


def _values(taken: Moment, holder: Holder | None) -> dict[str, Any]:
    return {
        "measured_at_ms": taken.at_ms,
        "measured_method": taken.method,
        "uncertainty_ms": taken.uncertainty_ms,
        "patient_id": None if holder is None else holder.patient_id,
        "local_day": None if holder is None else moment.local_day(taken, holder.zone),
    }


def _zones(db: Connection, patients: set[str]) -> dict[str, ZoneInfo]:
    """The zone in force of each patient: of the newest details that no later ones correct."""
    rows = db.execute(
        select(
            patient_detail.c.id,
            patient_detail.c.patient_id,
            patient_detail.c.zone,
            patient_detail.c.corrects,
        )
        .where(patient_detail.c.patient_id.in_(patients))
        .order_by(patient_detail.c.recorded_at_ms, patient_detail.c.id)
    ).all()
    corrected = {row.corrects for row in rows}
    return {row.patient_id: ZoneInfo(row.zone) for row in rows if row.id not in corrected}
