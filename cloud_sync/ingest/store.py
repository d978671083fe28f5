"""Keeps what hubs sent: one transaction for a batch, the same on SQLite and PostgreSQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, select, update

from cloud_sync.contract import state as contract, topics
from cloud_sync.contract.receipt import Reason
from cloud_sync.ingest.examine import Examined, HubFacts, Sound, Unsound
from cloud_sync.ledger import alarms, sealing
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import envelope, hub, quarantine, unopened

# The clinic may raise its minimum or retire a key while a hub still waits for the receipt of an
# envelope that was stored before: that one is held, whatever the rules are now.
_STORED_BEFORE = {Reason.SUITE_NOT_ALLOWED, Reason.UNKNOWN_KEY}


@dataclass(frozen=True, kw_only=True)
class Fate:
    """Ids of the envelopes stored now and of those stored before; all others were refused."""

    new: frozenset[bytes]
    old: frozenset[bytes]


def hub_facts(store: Store, hubs: Iterable[str]) -> dict[str, HubFacts]:
    """The device table's word on these hubs."""
    with store.read() as db:
        rows = db.execute(
            select(hub.c.id, hub.c.state, hub.c.verify_key).where(hub.c.id.in_(set(hubs)))
        )
        return {
            row.id: HubFacts(active=row.state == "active", verify_key=row.verify_key)
            for row in rows
        }


def commit(store: Store, found: Sequence[Examined], at_ms: int) -> Fate:
    """Store what is sound, quarantine the rest. Durable when this returns."""
    sound = [item for item in found if isinstance(item, Sound)]
    with store.write() as db:
        new = _add(db, store, sound, at_ms)
        old = _present(db, found) - new
        unsound = [item for item in found if isinstance(item, Unsound) and _id(item) not in old]
        reused = [item for item in sound if item.envelope.id not in new | old]
        _quarantine(db, store, [*unsound, *_both_copies(db, reused)], at_ms)
        for hub_id, epoch in {_epoch(item) for item in sound if item.envelope.header.seq == 1}:
            _note_new_epoch(db, hub_id, epoch, at_ms)
    return Fate(new=frozenset(new), old=frozenset(old))


def record_state(store: Store, topic: str, payload: bytes, at_ms: int) -> None:
    """Keep a hub's signed state message, or note that its link is gone."""
    hub_id = topics.hub_of(topic)
    with store.write() as db:
        row = db.execute(select(hub).where(hub.c.id == hub_id)).one_or_none()
        if row is None or row.verify_key is None:
            return
        if payload == contract.GONE:
            db.execute(update(hub).where(hub.c.id == hub_id).values(link_up=False))
        elif _is_news(payload, row.verify_key, row.state_message, row.id):
            db.execute(
                update(hub)
                .where(hub.c.id == hub_id)
                .values(state_message=payload, state_at_ms=at_ms, link_up=True)
            )


def forget_links(store: Store) -> None:
    """At the start nobody is known to be connected."""
    with store.write() as db:
        db.execute(update(hub).where(hub.c.link_up).values(link_up=False))


def _is_news(payload: bytes, verify_key: bytes, known: bytes | None, hub_id: str) -> bool:
    """Signed by the hub, and not what the broker held back or repeats."""
    key = Ed25519PublicKey.from_public_bytes(verify_key)
    said = contract.verify(payload, key)
    if said is None or said.hub != hub_id:
        return False
    before = contract.verify(known, key) if known is not None else None
    return before is None or before.boot != said.boot or before.at_ms < said.at_ms


def _id(item: Examined) -> bytes:
    return item.envelope.id if isinstance(item, Sound) else sha256(item.body).digest()


def _epoch(item: Sound) -> tuple[str, int]:
    return item.hub, item.envelope.header.epoch


def _add(db: Connection, store: Store, sound: Sequence[Sound], at_ms: int) -> set[bytes]:
    """Ids that were not there before. The first of two different copies in a batch is taken."""
    first: dict[tuple[str, int, int], Sound] = {}
    for item in sound:
        first.setdefault((*_epoch(item), item.envelope.header.seq), item)
    # One order for all workers: two batches with the same rows would deadlock otherwise.
    rows = sorted((_row(item, at_ms) for item in first.values()), key=lambda row: row["id"])
    if not rows:
        return set()
    statement = store.insert(envelope).on_conflict_do_nothing().returning(envelope.c.id)
    new = set(db.scalars(statement, sealing.sealed(db, envelope, rows)))
    if new:
        db.execute(unopened.insert(), [{"envelope_id": identity} for identity in sorted(new)])
    return new


def _row(item: Sound, at_ms: int) -> dict[str, str | int | bytes]:
    header = item.envelope.header
    return {
        "id": item.envelope.id,
        "hub_id": item.hub,
        "epoch": header.epoch,
        "seq": header.seq,
        "suite": header.suite,
        "key_id": header.key_id,
        "body": item.envelope.raw,
        "committed_at_ms": at_ms,
    }


def _present(db: Connection, found: Sequence[Examined]) -> set[bytes]:
    ids = {_id(item) for item in found if isinstance(item, Sound) or item.reason in _STORED_BEFORE}
    if not ids:
        return set()
    return set(db.scalars(select(envelope.c.id).where(envelope.c.id.in_(ids))))


def _both_copies(db: Connection, reused: Sequence[Sound]) -> list[Unsound]:
    """The first envelope under a number stays stored; both go to quarantine as well."""
    copies: list[Unsound] = []
    for item in reused:
        header = item.envelope.header
        first = db.scalars(
            select(envelope.c.body).where(
                envelope.c.hub_id == item.hub,
                envelope.c.epoch == header.epoch,
                envelope.c.seq == header.seq,
            )
        ).one()
        copies += [_copy(item, first), _copy(item, item.envelope.raw)]
    return copies


def _copy(item: Sound, body: bytes) -> Unsound:
    why = Reason.SEQUENCE_REUSED.name.lower()
    return Unsound(topic=topics.up(item.hub), body=body, why=why, hub=item.hub)


def _quarantine(db: Connection, store: Store, items: Sequence[Unsound], at_ms: int) -> None:
    by_id = {sha256(item.topic.encode() + b"\0" + item.body).digest(): item for item in items}
    rows = [
        {
            "id": identity,
            "topic": item.topic,
            "hub_id": item.hub,
            "reason": item.why,
            "body": item.body,
            "at_ms": at_ms,
        }
        for identity, item in sorted(by_id.items())
    ]
    if not rows:
        return
    statement = store.insert(quarantine).on_conflict_do_nothing().returning(quarantine.c.id)
    fresh = [
        by_id[identity] for identity in db.scalars(statement, sealing.sealed(db, quarantine, rows))
    ]
    for hub_id, why in {(item.hub, item.why) for item in fresh}:
        alarms.raise_once(db, kind="quarantine", hub_id=hub_id, detail=why, at_ms=at_ms)


def _note_new_epoch(db: Connection, hub_id: str, epoch: int, at_ms: int) -> None:
    """A hub that starts counting anew was reset, replaced or copied: staff should know which."""
    other = select(envelope.c.epoch).where(envelope.c.hub_id == hub_id, envelope.c.epoch != epoch)
    if db.scalar(other.limit(1)) is not None:
        detail = f"numbers start again, epoch {epoch}"
        alarms.raise_once(db, kind="new_epoch", hub_id=hub_id, detail=detail, at_ms=at_ms)
