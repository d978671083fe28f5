"""Custody of a reading: from its sealing until the clinic's signed word that it has it.

The collector's only door to the buffer. One thread, one process.
"""

import secrets
from contextlib import suppress

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import receipt as receipts_contract, state
from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.keyset import KeySet
from cloud_sync.contract.observation import Observation, Received
from cloud_sync.contract.receipt import Receipt
from cloud_sync.contract.state import HubState
from gateway import trust
from gateway.buffer import receipts, room
from gateway.buffer.database import DiskFull, OwnerDown, StoreFailed
from gateway.buffer.seal import Sealer
from gateway.buffer.store import SealedStore, Status
from gateway.config import HubConfig, software

_TRIES = 3  # as it is, after giving up received copies, after giving up the ballast
_FULL = "the disk is full: what is left of it is for receipts"
_DAY_MS = 86_400_000
_STATE_EVERY_MS = 15 * 60_000  # at rest; a change is written at once


class Custody:
    """Keeps, settles, reports. Faults of storage end the process (StoreFailed)."""

    def __init__(self, config: HubConfig, store: SealedStore, key: Ed25519PrivateKey) -> None:
        self._config = config
        self._store = store
        self._signing_key = key
        self._root = trust.read_root(config)
        self._ballast = room.Ballast(config.ballast, config.ballast_bytes)
        self._ballast.ensure()
        self._stated: HubState | None = None
        self._seen_keyset = self._keyset_marks()
        self._use(trust.newest(config, self._root))

    @property
    def hub(self) -> str:
        """The hub's id, 32 hex digits."""
        return self._config.hub

    def keep(self, observation: Observation) -> int:
        """Seal and commit; the sequence number. On return the reading survives a power cut."""
        return self._commit(observation, observation.frame.received.wall_ms)

    def keep_anchor(self, anchor: TimeAnchor) -> int:
        """Seal and commit a time anchor among the readings, in the order of their coming."""
        return self._commit(anchor, anchor.wall_ms)

    def _commit(self, said: Observation | TimeAnchor, kept_at_ms: int) -> int:
        def seal(epoch: int, seq: int) -> bytes:
            return self._sealer.seal(said, epoch=epoch, seq=seq)

        for _ in range(_TRIES):
            if self._ballast.leaves_room(file_free=self._store.free_bytes()):
                with suppress(DiskFull):
                    return self._store.add(seal, kept_at_ms=kept_at_ms)
            self._make_room()
        raise StoreFailed(_FULL)

    def fate(self, seq: int) -> Status | None:
        """What became of this envelope; None where it is not here, or not any longer."""
        return self._store.status_of(seq)

    def settle(self) -> int:
        """Apply what receipts.db holds; how many envelopes the clinic newly has."""
        self._refresh_keyset()
        fresh = 0
        while True:
            counters = self._store.counters()
            found = receipts.pending(
                self._config.receipts_db, file=counters.receipts_file, settled=counters.settled
            )
            if isinstance(found, OwnerDown) or not found.rows:
                break
            verified = [r for _, raw in found.rows if (r := self._verified(raw)) is not None]
            try:
                fresh += self._store.settle(verified, file=found.file, row=found.rows[-1][0])
            except DiskFull:
                self._make_room()
        self._forget_old()
        return fresh

    def report(self, received: Received, *, devices: int) -> HubState:
        """The hub's state as of now; signed and put where the uplink finds it, if it says more."""
        now = self._state(received, devices)
        if _worth_writing(self._stated, now):
            try:
                self._store.write_status(state.sign(now, self._signing_key))
            except DiskFull:
                self._make_room()
                return now
            self._stated = now
        return now

    def close(self) -> None:
        """Release the database."""
        self._store.close()

    def _state(self, received: Received, devices: int) -> HubState:
        counters = self._store.counters()
        disk_free = room.free_bytes(self._config.collector)
        return HubState(
            hub=self.hub,
            at_ms=received.wall_ms,
            clock_synchronised=received.synchronised,
            boot=received.boot,
            epoch=counters.epoch,
            held=counters.held,
            oldest_held_ms=counters.oldest_held_ms,
            refused=counters.refused,
            last_seq=counters.last_seq,
            days_of_room=room.days_of_room(
                disk_free=disk_free, file_free=counters.free_bytes, daily=self._store.daily()
            ),
            disk_free_bytes=disk_free,
            keyset_version=self._keyset.version,
            key_storage_tier=self._config.key_storage_tier,
            software=software(),
            devices=devices,
        )

    def _verified(self, raw: bytes) -> Receipt | None:
        found = receipts_contract.verify(raw, self._receipt_keys)
        return found if found is not None and found.hub.hex() == self.hub else None

    def _forget_old(self) -> None:
        """Purge by the clinic's clock, as receipts tell it: the hub's own may be wrong."""
        newest_ms = self._store.counters().newest_commit_ms
        if newest_ms is not None:
            keep_ms = self._config.keep_received_days * _DAY_MS
            try:
                self._store.purge(committed_before_ms=newest_ms - keep_ms)
            except DiskFull:
                self._make_room()
        self._ballast.ensure()

    def _make_room(self) -> None:
        """Give up copies the clinic has, and the ballast if even that needs room; no reading."""
        with suppress(DiskFull):
            if self._store.purge() > 0:
                return
        if not self._ballast.drop():
            raise StoreFailed(_FULL)
        self._store.purge()

    def _use(self, keys: KeySet) -> None:
        self._keyset = keys
        self._receipt_keys = keys.receipt_public_keys()
        self._sealer = Sealer(self._config, keys, self._signing_key)

    def _refresh_keyset(self) -> None:
        marks = self._keyset_marks()
        if marks == self._seen_keyset:
            return
        self._seen_keyset = marks
        found = trust.newest(self._config, self._root)
        if found.version > self._keyset.version:
            self._use(found)

    def _keyset_marks(self) -> list[tuple[int, int]]:
        """Changes whenever a key set file does."""
        stats = [path.stat() for path in self._config.keysets if path.exists()]
        return [(stat.st_ino, stat.st_mtime_ns) for stat in stats]


def open_custody(config: HubConfig) -> Custody:
    """The buffer of an enrolled hub, made where there is none yet."""
    key = Ed25519PrivateKey.from_private_bytes(config.signing_key.read_bytes())
    store = SealedStore(config.sealed_db, new_epoch=1 + secrets.randbelow(2**32 - 1))
    return Custody(config, store, key)


def _worth_writing(before: HubState | None, now: HubState) -> bool:
    """A change, or a sign of life now and then; free bytes alone change all the time."""
    if before is None or now.at_ms - before.at_ms >= _STATE_EVERY_MS or now.at_ms < before.at_ms:
        return True
    return any(
        getattr(before, name) != getattr(now, name)
        for name in HubState.__struct_fields__
        if name not in {"at_ms", "disk_free_bytes", "days_of_room"}
    )
