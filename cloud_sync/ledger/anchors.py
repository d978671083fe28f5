"""Hubs' time anchors, and which of them lie around an envelope in the hub's own order."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, select

from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.ledger import locks
from cloud_sync.ledger.moment import FUTURE_ALLOWANCE_MS, NO_ANCHORS, Anchor, Anchors
from cloud_sync.ledger.tables import envelope, hub, observation, time_anchor

_BOOT_CHARACTERS = 64
_INT64 = 2**63


@dataclass(frozen=True, kw_only=True)
class Place:
    """An envelope's place in what its hub sealed. Epochs have no order among each other."""

    hub_id: str
    epoch: int
    seq: int


def fits(anchor: TimeAnchor, committed_at_ms: int) -> bool:
    """Whether the ledger can hold it, and it does not lie in the future of its own receipt."""
    numbers = (anchor.monotonic_ms, anchor.wall_ms, anchor.error_ms)
    return (
        0 < len(anchor.boot) <= _BOOT_CHARACTERS
        and anchor.boot.isalnum()
        and anchor.boot.isascii()
        and all(0 <= number < _INT64 // 4 for number in numbers)
        and anchor.wall_ms - anchor.error_ms <= committed_at_ms + FUTURE_ALLOWANCE_MS
    )


def add(db: Connection, said: TimeAnchor, envelope_id: bytes, place: Place) -> None:
    """Store it. What it makes known is derived by `derive.after_anchor`."""
    db.execute(
        time_anchor.insert(),
        {
            "envelope_id": envelope_id,
            "hub_id": place.hub_id,
            "epoch": place.epoch,
            "seq": place.seq,
            "boot": said.boot,
            "monotonic_ms": said.monotonic_ms,
            "wall_ms": said.wall_ms,
            "error_ms": said.error_ms,
        },
    )


def around(db: Connection, place: Place) -> Anchors:
    """The nearest anchors sealed before and after."""
    before, after = _before(db, place), _after(db, place)
    if before is None and after is None:
        return NO_ANCHORS
    return Anchors(before=_anchor(before), after=_anchor(after))


def affected(db: Connection, place: Place) -> set[bytes]:
    """The observations between this anchor's neighbours: no other sees a new anchor."""
    before, after = _before(db, place), _after(db, place)
    conditions = [
        envelope.c.hub_id == place.hub_id,
        envelope.c.epoch == place.epoch,
        envelope.c.seq > (0 if before is None else before.seq),
    ]
    if after is not None:
        conditions.append(envelope.c.seq < after.seq)
    statement = (
        select(observation.c.id)
        .join(envelope, envelope.c.id == observation.c.envelope_id)
        .where(*conditions)
    )
    return set(db.scalars(statement))


def lock(db: Connection, hubs: set[str]) -> None:
    """Anchors and readings of one hub are placed by one opener at a time, in one order of hubs.

    They would otherwise miss each other on PostgreSQL; ingest is not kept waiting.
    """
    locks.hold(db, hub, hub.c.id.in_(sorted(hubs)))


def devices_of(db: Connection, hubs: set[str]) -> set[str]:
    """Every device that spoke through these hubs."""
    spoke = observation.c.hub_id.in_(sorted(hubs))
    return set(db.scalars(select(observation.c.device_id).where(spoke).distinct()))


def _before(db: Connection, place: Place) -> "Row[tuple[object, ...]] | None":
    return _nearest(db, place, time_anchor.c.seq < place.seq, time_anchor.c.seq.desc())


def _after(db: Connection, place: Place) -> "Row[tuple[object, ...]] | None":
    return _nearest(db, place, time_anchor.c.seq > place.seq, time_anchor.c.seq)


def _nearest(
    db: Connection, place: Place, side: ColumnElement[bool], order: ColumnElement[int]
) -> "Row[tuple[object, ...]] | None":
    same = (time_anchor.c.hub_id == place.hub_id) & (time_anchor.c.epoch == place.epoch)
    return db.execute(select(time_anchor).where(same, side).order_by(order).limit(1)).first()


def _anchor(row: "Row[tuple[object, ...]] | None") -> Anchor | None:
    if row is None:
        return None
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row by columns
    return Anchor(
        boot=found["boot"],
        monotonic_ms=found["monotonic_ms"],
        wall_ms=found["wall_ms"],
        error_ms=found["error_ms"],
    )
