"""Puts opened observations and the devices they came from into the ledger."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection, select, update

from cloud_sync.contract.observation import Observation
from cloud_sync.contract.readings import FailedMeasurement, Reading
from cloud_sync.ledger import derive, registrations, sealing, touched
from cloud_sync.ledger.derive import Holder
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.moment import NO_ANCHORS, Anchors
from cloud_sync.ledger.tables import device, observation

UNKNOWN_KIND = "unknown"
_NAME = re.compile(r"[!-~]{1,200}")  # no NUL, which PostgreSQL's text cannot hold
_INT32, _INT64 = 2**31, 2**63
# One kind of meter for the several things it may say; the rest of the kinds name themselves.
_METER = {"control_solution": "glucose", "glucose_context": "glucose"}


@dataclass(frozen=True, kw_only=True)
class Record:
    """An opened observation with its envelope."""

    said: Observation
    plaintext: bytes
    envelope_id: bytes
    hub_id: str
    committed_at_ms: int


def kind_of(said: Observation) -> str:
    """The outcome's kind, as in its JSON."""
    return _tag(type(said.outcome))


def fits(said: Observation) -> bool:
    """Whether the ledger's columns can hold it. A hub's signature says nothing about its sense."""
    received, clock = said.frame.received, said.frame.clock
    numbers = [received.wall_ms, received.error_ms or 0, clock.wall_ms if clock else 0]
    return (
        re.fullmatch("[0-9a-f]{64}", said.id) is not None
        and _NAME.fullmatch(said.frame.device) is not None
        and _NAME.fullmatch(said.frame.profile) is not None
        and all(0 <= number < _INT64 // 4 for number in numbers)
        and all(moment is None or moment.tzinfo is None for moment in _device_times(said))
        and abs(getattr(said.outcome, "user", None) or 0) < _INT32
        and abs(getattr(said.outcome, "sequence", None) or 0) < _INT64
    )


def _device_times(said: Observation) -> list[datetime | None]:
    """Everything a device's clock said; a device's time has no zone."""
    clock = said.frame.clock
    return [
        getattr(said.outcome, "device_time", None),
        getattr(said.outcome, "base_time", None),
        clock.device_time if clock else None,
        clock.read_back if clock else None,
    ]


def add(  # noqa: PLR0913 - what it is derived from, and when
    db: Connection,
    store: Store,
    record: Record,
    known: Sequence[Holder],
    near: Anchors = NO_ANCHORS,
    *,
    at_ms: int,
) -> bool:
    """Insert it with its derived columns; False for a copy of one that is there.

    One that belongs to a month which is over by `at_ms` has that month compared again.
    """
    said = record.said
    values: dict[str, Any] = {
        "id": bytes.fromhex(said.id),
        "envelope_id": record.envelope_id,
        "hub_id": record.hub_id,
        "device_id": said.frame.device,
        "user_slot": getattr(said.outcome, "user", None),
        "kind": kind_of(said),
        "sequence": getattr(said.outcome, "sequence", None),
        "plaintext": record.plaintext,
        "received_at_ms": said.frame.received.wall_ms,
        "committed_at_ms": record.committed_at_ms,
    }
    (values,) = sealing.sealed(db, observation, [values])
    values |= derive.derived(said, record.committed_at_ms, known, near)
    statement = store.insert(observation).on_conflict_do_nothing().returning(observation.c.id)
    is_new = db.scalar(statement, values) is not None
    if is_new:
        touched.by_reading(db, values["patient_id"], values["local_day"], at_ms)
    return is_new


def register_device(
    db: Connection, store: Store, said: Observation, at_ms: int, *, author: str
) -> None:
    """Know the device, and put on record what it was registered as. Takes the chain's end."""
    if know_device(db, store, said, at_ms):
        registrations.record_devices(db, [said.frame.device], author=author)


def know_device(db: Connection, store: Store, said: Observation, at_ms: int) -> bool:
    """Know the device from its first word on; its kind from the first measurement on.

    True where it is new: `registrations.record_devices` must follow in the same transaction. It
    takes the chain's end, and who has other locks to take first calls it after them.
    """
    kind = device_kind(said)
    statement = store.insert(device).on_conflict_do_nothing().returning(device.c.id)
    is_new = db.scalar(
        statement,
        {
            "id": said.frame.device,
            "profile": said.frame.profile,
            "kind": kind,
            "label": said.frame.profile,
            "fda_defined": True,
            "automatic": True,
            "test": False,
            "first_seen_ms": at_ms,
        },
    )
    if is_new is not None:
        return True
    if kind != UNKNOWN_KIND:
        nameless = (device.c.id == said.frame.device) & (device.c.kind == UNKNOWN_KIND)
        if db.scalar(select(device.c.id).where(nameless)) is not None:
            db.execute(update(device).where(nameless).values(kind=kind))
    return False


def device_kind(said: Observation) -> str:
    """What kind of device says this; unknown where it measured nothing."""
    kind = said.outcome.of if isinstance(said.outcome, FailedMeasurement) else kind_of(said)
    kind = _METER.get(kind, kind)
    return kind if kind in _MEASURED else UNKNOWN_KIND


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


_MEASURED = {_tag(reading) for reading in get_args(Reading)}
