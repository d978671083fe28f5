"""The clinic's key set: whom to seal to and whose receipts to believe, signed by the clinic root.

Raw public keys: suite 1 is 32 bytes of X25519, suite 2 is ML-KEM-768 (1,184) then X25519 (32),
suite 3 an uncompressed P-256 point (65). A hub takes only a higher version than it has.
"""

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PublicKey

from cloud_sync.contract import documents
from cloud_sync.contract.envelope import (
    HYBRID_SUITE,
    P256_SUITE,
    X25519_SUITE,
    RecipientPublicKey,
)

_PURPOSE = b"rpm-keyset-v1\0"
_MLKEM768_PUBLIC_BYTES = 1184


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """A key that readings may be sealed to."""

    id: int
    suite: int
    key: bytes


class ReceiptKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs receipts (Ed25519, 32 bytes)."""

    id: int
    key: bytes


class KeySet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of the clinic's keys. The first recipient of a hub's suite is the one to use."""

    version: int
    not_before_ms: int
    clinic: str  # 32 hex digits
    recipients: tuple[Recipient, ...]
    min_suite: int
    receipt_keys: tuple[ReceiptKey, ...]
    next_root: bytes | None = None

    def recipient(self, suite: int) -> Recipient | None:
        """The key to seal to with this suite."""
        return next((r for r in self.recipients if r.suite == suite), None)

    def receipt_public_keys(self) -> dict[int, Ed25519PublicKey]:
        """Receipt keys by id, ready to verify with."""
        return {k.id: Ed25519PublicKey.from_public_bytes(k.key) for k in self.receipt_keys}


def sign(keyset: KeySet, root: Ed25519PrivateKey) -> bytes:
    """The signed key set as published on `rpm/keyset` and given at enrolment."""
    return documents.sign(_PURPOSE, keyset, root)


def verify(raw: bytes, root: Ed25519PublicKey) -> KeySet | None:
    """The key set if the pinned root signed it and every key in it can be loaded."""
    keyset = documents.verify(_PURPOSE, raw, root, KeySet)
    if keyset is None:
        return None
    try:
        keyset.receipt_public_keys()
        for recipient in keyset.recipients:
            load_recipient(recipient)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return keyset


def load_recipient(recipient: Recipient) -> RecipientPublicKey:
    """The public key object; ValueError where the bytes are no key of that suite."""
    if recipient.suite == X25519_SUITE:
        return x25519.X25519PublicKey.from_public_bytes(recipient.key)
    if recipient.suite == HYBRID_SUITE:
        lattice, curve = (
            recipient.key[:_MLKEM768_PUBLIC_BYTES],
            recipient.key[_MLKEM768_PUBLIC_BYTES:],
        )
        return MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(lattice),
            x25519.X25519PublicKey.from_public_bytes(curve),
        )
    if recipient.suite == P256_SUITE:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), recipient.key)
    raise ValueError("unknown suite")
