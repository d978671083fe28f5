"""Envelope RPM-ENV-1: header, HPKE ciphertext, Ed25519 signature. Built once, sent byte for byte.

Integers are big-endian. The layout (offset, length, field):
0, 4 magic `RPM1` - 4, 1 version - 5, 1 suite - 6, 2 flags (0) - 8, 4 epoch - 12, 16 clinic id -
28, 16 hub id - 44, 8 seq - 52, 4 recipient key id - 56, encapsulated key by suite - padded
plaintext and tag - last 64, signature over all bytes before it.
HPKE is RFC 9180 base mode with HKDF-SHA256 and AES-256-GCM; suite 2 is X-Wing (KEM 0x647A).
"""

import hashlib
import struct
from typing import Literal

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

RecipientPrivateKey = (
    x25519.X25519PrivateKey | MLKEM768X25519PrivateKey | ec.EllipticCurvePrivateKey
)
RecipientPublicKey = x25519.X25519PublicKey | MLKEM768X25519PublicKey | ec.EllipticCurvePublicKey
SuiteId = Literal[1, 2, 3]

X25519_SUITE: SuiteId = 1
HYBRID_SUITE: SuiteId = 2
P256_SUITE: SuiteId = 3

MAGIC = b"RPM1"
VERSION = 1
HEADER_BYTES = 56
SIGNATURE_BYTES = 64
TAG_BYTES = 16
BUCKETS_BYTES = (256, 512, 1024)
ENCAPSULATED_BYTES = {X25519_SUITE: 32, HYBRID_SUITE: 1120, P256_SUITE: 65}

_HEADER = struct.Struct(">4sBBHI16s16sQI")
_INFO = b"rpm/reading/v1\0"
_SIGNED = b"rpm-env-v1\0"
_SUITES: dict[int, Suite] = {
    X25519_SUITE: Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    HYBRID_SUITE: Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    P256_SUITE: Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}
LENGTHS_BYTES = {
    suite: tuple(
        HEADER_BYTES + encapsulated + bucket + TAG_BYTES + SIGNATURE_BYTES
        for bucket in BUCKETS_BYTES
    )
    for suite, encapsulated in ENCAPSULATED_BYTES.items()
}
ALL_LENGTHS_BYTES = frozenset(length for row in LENGTHS_BYTES.values() for length in row)
MAX_ENVELOPE_BYTES = max(ALL_LENGTHS_BYTES)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The clear part: who sealed it, for whom, and its place in the hub's sequence."""

    suite: int
    epoch: int
    clinic: bytes  # 16 bytes
    hub: bytes  # 16 bytes
    seq: int  # from 1, no gaps within an epoch
    key_id: int


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A well-formed envelope. Well-formed says nothing of its signature: call `verify`."""

    raw: bytes
    header: Header

    @property
    def id(self) -> bytes:
        """SHA-256 of the whole: what a receipt names."""
        return hashlib.sha256(self.raw).digest()


class Malformed(msgspec.Struct, frozen=True, kw_only=True):
    """Why bytes are no envelope; found without any cryptography."""

    reason: Literal["length", "magic", "version", "suite", "flags", "suite_length", "seq"]


def parse(raw: bytes) -> Envelope | Malformed:
    """Split and check what needs no key: length, magic, version, flags, suite."""
    if len(raw) not in ALL_LENGTHS_BYTES:
        return Malformed(reason="length")
    magic, version, suite, flags, epoch, clinic, hub, seq, key_id = _HEADER.unpack_from(raw)
    if magic != MAGIC:
        return Malformed(reason="magic")
    if version != VERSION:
        return Malformed(reason="version")
    if suite not in _SUITES:
        return Malformed(reason="suite")
    if flags != 0:
        return Malformed(reason="flags")
    if len(raw) not in LENGTHS_BYTES[suite]:
        return Malformed(reason="suite_length")
    if not 1 <= seq < 2**63:
        return Malformed(reason="seq")
    header = Header(suite=suite, epoch=epoch, clinic=clinic, hub=hub, seq=seq, key_id=key_id)
    return Envelope(raw=raw, header=header)


def build(
    header: Header,
    plaintext: bytes,
    recipient: RecipientPublicKey,
    signing_key: Ed25519PrivateKey,
) -> bytes:
    """Pad, seal to the recipient, sign as the hub. `plaintext` holds at most 1,022 bytes."""
    packed = _pack(header)
    sealed = _SUITES[header.suite].encrypt(_pad(plaintext), recipient, _INFO + packed)
    body = packed + sealed
    return body + signing_key.sign(_SIGNED + body)


def verify(envelope: Envelope, hub_key: Ed25519PublicKey) -> bool:
    """Whether this hub signed every byte."""
    body, signature = envelope.raw[:-SIGNATURE_BYTES], envelope.raw[-SIGNATURE_BYTES:]
    try:
        hub_key.verify(signature, _SIGNED + body)
    except InvalidSignature:
        return False
    return True


def open_sealed(envelope: Envelope, private_key: RecipientPrivateKey) -> bytes | None:
    """The plaintext, or None. All failures look alike on purpose; never guess the cause."""
    raw = envelope.raw
    packed, sealed = raw[:HEADER_BYTES], raw[HEADER_BYTES:-SIGNATURE_BYTES]
    try:
        padded = _SUITES[envelope.header.suite].decrypt(sealed, private_key, _INFO + packed)
    except (InvalidTag, ValueError, TypeError):
        return None
    return _unpad(padded)


def _pack(header: Header) -> bytes:
    return _HEADER.pack(
        MAGIC,
        VERSION,
        header.suite,
        0,
        header.epoch,
        header.clinic,
        header.hub,
        header.seq,
        header.key_id,
    )


def _pad(plaintext: bytes) -> bytes:
    """Two bytes of length, the text, zeros up to a bucket: size does not show the kind."""
    framed = len(plaintext).to_bytes(2, "big") + plaintext
    bucket = next((size for size in BUCKETS_BYTES if len(framed) <= size), None)
    assert bucket is not None, "plaintext outgrew the largest bucket"
    return framed.ljust(bucket, b"\0")


def _unpad(padded: bytes) -> bytes | None:
    length = int.from_bytes(padded[:2], "big")
    end = 2 + length
    if end > len(padded) or any(padded[end:]):
        return None
    return padded[2:end]
