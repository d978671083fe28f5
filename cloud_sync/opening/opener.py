"""Opens what ingest has stored. The only module that holds recipient keys.

What will not open or make sense stays stored, goes to quarantine and raises an alarm; nothing waits
behind it. No plaintext is logged.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from threading import Event

from sqlalchemy import Connection, Row, delete, select

from cloud_sync.alerts import store as alerts
from cloud_sync.contract import (
    anchor as anchor_contract,
    envelope as codec,
    observation as contract,
    topics,
)
from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.envelope import Envelope
from cloud_sync.contract.observation import Observation
from cloud_sync.identity.keys import OpeningKey
from cloud_sync.ledger import (
    alarms,
    anchors,
    derive,
    locks,
    observations,
    registrations,
    sealing,
)
from cloud_sync.ledger.anchors import Place
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import envelope, opening, quarantine, unopened

BATCH = 200
_SWEEP_SECONDS = 5.0  # in case another process stored something and could not wake this one


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An envelope and what was in it: None where it would not open."""

    envelope_id: bytes
    hub_id: str
    place: Place
    body: bytes
    committed_at_ms: int
    plaintext: bytes
    said: Observation | TimeAnchor | None


class Opener:
    """Works through the queue; `run` until `stop`, woken by `wake`."""

    def __init__(self, store: Store, keys: Iterable[OpeningKey], clock: Callable[[], int]) -> None:
        self._store = store
        self._keys = {key.id: key for key in keys}
        self._clock = clock
        self._work = Event()
        self._ended = False

    def keys(self) -> dict[int, int]:
        """What this opener can open: suite by recipient key id."""
        return {key.id: key.suite for key in self._keys.values()}

    def wake(self) -> None:
        """There is something to open. Any thread may call it."""
        self._work.set()

    def stop(self) -> None:
        """Finish the batch at hand, then return from `run`."""
        self._ended = True
        self._work.set()

    def run(self) -> None:
        """Open until stopped. An error in here must end the process."""
        while not self._ended:
            self._work.clear()
            while self.work() == BATCH and not self._ended:
                pass
            if not self._ended:
                self._work.wait(_SWEEP_SECONDS)

    def work(self) -> int:
        """Open one batch; how many envelopes it had."""
        with self._store.write() as db:
            found = [self._open(row) for row in _take(db)]
            if found:
                self._record(db, found)
        return len(found)

    def _open(self, row: Row[tuple[bytes, str, bytes, int]]) -> Opened:
        parsed = codec.parse(row.body)
        assert isinstance(parsed, Envelope), "ingest stored what is no envelope"
        key = self._keys.get(parsed.header.key_id)
        plaintext = codec.open_sealed(parsed, key.key) if key is not None else None
        header = parsed.header
        return Opened(
            envelope_id=row.id,
            hub_id=row.hub_id,
            place=Place(hub_id=row.hub_id, epoch=header.epoch, seq=header.seq),
            body=row.body,
            committed_at_ms=row.committed_at_ms,
            plaintext=plaintext or b"",
            said=None if plaintext is None else _read(plaintext, row.hub_id, row.committed_at_ms),
        )

    def _record(self, db: Connection, found: list[Opened]) -> None:
        at_ms = self._clock()
        holders, unheard = self._prepare(db, found, at_ms)
        openings: list[dict[str, object]] = []
        new: list[bytes] = []
        for item in found:
            identity = None
            match item.said:
                case None:
                    self._set_aside(db, item, at_ms)
                    outcome = "unopenable"
                case TimeAnchor():
                    anchors.add(db, item.said, item.envelope_id, item.place)
                    derive.after_anchor(db, item.place)
                    outcome = "anchor"
                case Observation():
                    identity = bytes.fromhex(item.said.id)
                    known = holders[item.said.frame.device]
                    near = derive.anchors_of(db, item.said, item.place)
                    record = _record_of(item, item.said)
                    is_new = observations.add(db, self._store, record, known, near, at_ms=at_ms)
                    outcome = "observation" if is_new else "copy"
                    new += [identity] if is_new else []
            openings.append(
                {
                    "envelope_id": item.envelope_id,
                    "outcome": outcome,
                    "observation_id": identity,
                    "opened_at_ms": at_ms,
                }
            )
        db.execute(opening.insert(), openings)
        # Only now: both take the chain's end, which is the last that anybody locks.
        registrations.record_devices(db, unheard, author=registrations.OPENER)
        alerts.raise_fresh(db, new, at_ms)
        ids = [item.envelope_id for item in found]
        db.execute(delete(unopened).where(unopened.c.envelope_id.in_(ids)))

    def _prepare(
        self, db: Connection, found: list[Opened], at_ms: int
    ) -> tuple[dict[str, list[derive.Holder]], list[str]]:
        """Know the devices, and lock what will be placed in one order for all openers.

        Hubs whose order of time matters first, then devices, those of a new anchor's hub among
        them, then their patients' readings. Holders by device, and the devices never heard of.
        """
        spoken = [item.said for item in found if isinstance(item.said, Observation)]
        anchoring = {item.hub_id for item in found if isinstance(item.said, TimeAnchor)}
        anchors.lock(db, anchoring | {item.hub_id for item in found if _needs_anchors(item)})
        devices = {said.frame.device for said in spoken}
        if anchoring:
            devices |= anchors.devices_of(db, anchoring)
        holders, unheard = {}, []
        for device in sorted(devices):
            # A meter's whole memory says once what it is.
            first = {observations.device_kind(s): s for s in spoken if s.frame.device == device}
            new = [observations.know_device(db, self._store, s, at_ms) for s in first.values()]
            if any(new):
                unheard.append(device)
            holders[device] = derive.holders(db, device)
        owners = {one.patient_id for known in holders.values() for one in known}
        locks.share_readings(db, owners)
        return holders, unheard

    def _set_aside(self, db: Connection, item: Opened, at_ms: int) -> None:
        topic = topics.up(item.hub_id)
        statement = self._store.insert(quarantine).on_conflict_do_nothing()
        row = {
            "id": sha256(topic.encode() + b"\0" + item.body).digest(),
            "topic": topic,
            "hub_id": item.hub_id,
            "reason": "unopenable",
            "body": item.body,
            "at_ms": at_ms,
        }
        db.execute(statement, sealing.sealed(db, quarantine, [row]))
        detail = "an envelope would not open or makes no sense"
        alarms.raise_once(db, kind="unopenable", hub_id=item.hub_id, detail=detail, at_ms=at_ms)


def _take(db: Connection) -> list[Row[tuple[bytes, str, bytes, int]]]:
    """The next envelopes, each hub's in its own order; other openers skip these."""
    return list(
        db.execute(
            select(envelope.c.id, envelope.c.hub_id, envelope.c.body, envelope.c.committed_at_ms)
            .join_from(unopened, envelope)
            .order_by(envelope.c.hub_id, envelope.c.epoch, envelope.c.seq)
            .limit(BATCH)
            .with_for_update(of=unopened, skip_locked=True)
        )
    )


def _read(plaintext: bytes, hub_id: str, committed_at_ms: int) -> Observation | TimeAnchor | None:
    """What it says, if that is what its id says and the ledger can hold it."""
    anchored = anchor_contract.decode(plaintext)
    if anchored is not None:
        return anchored if anchors.fits(anchored, committed_at_ms) else None
    said = contract.decode(plaintext)
    if said is None or not observations.fits(said):
        return None
    expected = contract.observation_id(hub_id, said.frame, said.outcome)
    return said if said.id == expected else None


def _needs_anchors(item: Opened) -> bool:
    return isinstance(item.said, Observation) and not item.said.frame.received.synchronised


def _record_of(item: Opened, said: Observation) -> observations.Record:
    return observations.Record(
        said=said,
        plaintext=item.plaintext,
        envelope_id=item.envelope_id,
        hub_id=item.hub_id,
        committed_at_ms=item.committed_at_ms,
    )
