"""Receipt: the clinic's signed word that it has committed, or refuses, these envelopes.

Layout, big-endian: 0, 4 magic `RPMA` - 4, 1 version - 5, 1 entries n (1 to 20) - 6, 2 zero -
8, 4 receipt key id - 12, 4 epoch - 16, 16 hub id - 32, 8 commit time in ms - 40, n x 42 entries
(seq 8, SHA-256 of the envelope 32, status 1, reason 1) - last 64, Ed25519 over
`rpm-ack-v1` with a zero byte and all bytes before.
"""

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_ENTRIES = 20
_MAGIC = b"RPMA"
_VERSION = 1
_SIGNED = b"rpm-ack-v1\0"
_HEAD = struct.Struct(">4sBBHII16sQ")
_ENTRY = struct.Struct(">Q32sBB")
_SIGNATURE_BYTES = 64


class Status(IntEnum):
    """What the clinic did with an envelope."""

    STORED = 1
    ALREADY_STORED = 2
    REFUSED = 3


class Reason(IntEnum):
    """Why an envelope was refused; NONE for one that is stored."""

    NONE = 0
    MALFORMED = 1
    WRONG_HUB = 2
    HUB_NOT_ACTIVE = 3
    BAD_SIGNATURE = 4
    SUITE_NOT_ALLOWED = 5
    UNKNOWN_KEY = 6
    SEQUENCE_REUSED = 7
    WRONG_CLINIC = 8


_STATUSES = frozenset(int(status) for status in Status)
_REASONS = frozenset(int(reason) for reason in Reason)


class Receipted(msgspec.Struct, frozen=True, kw_only=True):
    """One envelope's fate."""

    seq: int
    envelope_id: bytes
    status: Status
    reason: Reason = Reason.NONE

    @property
    def held_by_clinic(self) -> bool:
        """Whether the hub may forget."""
        return self.status in {Status.STORED, Status.ALREADY_STORED}


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A verified or to-be-signed receipt: one hub, one epoch, 1 to 20 entries."""

    key_id: int
    epoch: int
    hub: bytes
    committed_at_ms: int
    entries: tuple[Receipted, ...]


def sign(receipt: Receipt, key: Ed25519PrivateKey) -> bytes:
    """The receipt's bytes; only called after the commit it speaks of."""
    assert 1 <= len(receipt.entries) <= MAX_ENTRIES
    head = _HEAD.pack(
        _MAGIC,
        _VERSION,
        len(receipt.entries),
        0,
        receipt.key_id,
        receipt.epoch,
        receipt.hub,
        receipt.committed_at_ms,
    )
    body = head + b"".join(
        _ENTRY.pack(entry.seq, entry.envelope_id, entry.status, entry.reason)
        for entry in receipt.entries
    )
    return body + key.sign(_SIGNED + body)


def verify(raw: bytes, keys: Mapping[int, Ed25519PublicKey]) -> Receipt | None:
    """The receipt if one of the clinic's receipt keys signed exactly these bytes, else None."""
    receipt = _parse(raw)
    if receipt is None:
        return None
    key = keys.get(receipt.key_id)
    if key is None:
        return None
    try:
        key.verify(raw[-_SIGNATURE_BYTES:], _SIGNED + raw[:-_SIGNATURE_BYTES])
    except InvalidSignature:
        return None
    return receipt


def _parse(raw: bytes) -> Receipt | None:
    if len(raw) < _HEAD.size + _ENTRY.size + _SIGNATURE_BYTES:
        return None
    magic, version, count, zero, key_id, epoch, hub, committed_at_ms = _HEAD.unpack_from(raw)
    expected = _HEAD.size + count * _ENTRY.size + _SIGNATURE_BYTES
    if (magic, version, zero) != (_MAGIC, _VERSION, 0) or not 1 <= count <= MAX_ENTRIES:
        return None
    if len(raw) != expected:
        return None
    entries = _entries(raw[_HEAD.size : -_SIGNATURE_BYTES])
    if entries is None:
        return None
    return Receipt(
        key_id=key_id, epoch=epoch, hub=hub, committed_at_ms=committed_at_ms, entries=entries
    )


def _entries(raw: bytes) -> tuple[Receipted, ...] | None:
    found: list[Receipted] = []
    for seq, envelope_id, status, reason in _ENTRY.iter_unpack(raw):
        if status not in _STATUSES or reason not in _REASONS:
            return None
        found.append(
            Receipted(
                seq=seq, envelope_id=envelope_id, status=Status(status), reason=Reason(reason)
            )
        )
    return tuple(found)


def batches(entries: Sequence[Receipted]) -> list[tuple[Receipted, ...]]:
    """The entries in receipts of at most 20 each, order kept."""
    return [
        tuple(entries[start : start + MAX_ENTRIES]) for start in range(0, len(entries), MAX_ENTRIES)
    ]
