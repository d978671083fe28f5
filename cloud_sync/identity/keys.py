"""The clinic's private keys on disk: made once, mode 0600, each loaded only where it is used.

Root, authority and receipt keys sign; recipient keys open. Whoever loads a recipient key is the
opener; nothing else in the clinic may.
"""

import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from cloud_sync.contract.envelope import (
    HYBRID_SUITE,
    P256_SUITE,
    X25519_SUITE,
    RecipientPrivateKey,
)

ROOT = "root.key"
AUTHORITY = "ca.key"
RECEIPT = "receipt.key"
CHECKPOINT = "checkpoint.key"
_SEED_BYTES = 64  # ML-KEM-768's seed (FIPS 203: d and z), before the 32 bytes of X25519
_SECRET_BYTES: dict[int, int] = {X25519_SUITE: 32, HYBRID_SUITE: _SEED_BYTES + 32, P256_SUITE: 40}
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2


@dataclass(frozen=True, kw_only=True)
class ReceiptSigner:
    """The key that signs receipts, and the id under which the key set lists it."""

    id: int
    key: Ed25519PrivateKey


@dataclass(frozen=True, kw_only=True)
class OpeningKey:
    """A recipient's private key, and the public half as the key set carries it."""

    id: int
    suite: int
    key: RecipientPrivateKey
    public: bytes


def key_id(public: bytes) -> int:
    """The four-byte id of a public key: the head of its SHA-256."""
    return int.from_bytes(sha256(public).digest()[:4], "big")


def create(directory: Path) -> None:
    """Make every key of a new clinic; FileExistsError where there are keys already."""
    directory.mkdir(mode=0o700, parents=True)
    write_private(directory / ROOT, Ed25519PrivateKey.generate().private_bytes_raw())
    write_private(directory / RECEIPT, Ed25519PrivateKey.generate().private_bytes_raw())
    write_private(directory / AUTHORITY, private_pem(ec.generate_private_key(ec.SECP256R1())))
    for suite in (HYBRID_SUITE, X25519_SUITE, P256_SUITE):
        create_recipient(directory, suite)


def create_recipient(directory: Path, suite: int) -> int:
    """Make a recipient key of this suite beside the others; its id."""
    secret = secrets.token_bytes(_SECRET_BYTES[suite])
    recipient = _opening_key(suite, secret)
    write_private(directory / f"recipient-{suite}-{recipient.id:08x}.key", secret)
    return recipient.id


def load_root(directory: Path) -> Ed25519PrivateKey:
    """The clinic's root: signs key sets, and may lie offline between them."""
    return Ed25519PrivateKey.from_private_bytes((directory / ROOT).read_bytes())


def load_authority(directory: Path) -> ec.EllipticCurvePrivateKey:
    """The key that signs certificates."""
    key = serialization.load_pem_private_key((directory / AUTHORITY).read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def load_receipt(directory: Path) -> ReceiptSigner:
    """The key that signs receipts."""
    key = Ed25519PrivateKey.from_private_bytes((directory / RECEIPT).read_bytes())
    return ReceiptSigner(id=key_id(key.public_key().public_bytes_raw()), key=key)


def load_recipients(directory: Path) -> list[OpeningKey]:
    """Every recipient key at hand. For the opener, and for making a key set."""
    return [
        _opening_key(int(path.name.split("-")[1]), path.read_bytes())
        for path in sorted(directory.glob("recipient-*.key"))
    ]


def write_private(path: Path, secret: bytes) -> None:
    """A new file that only its owner reads, durable before this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS 8 without a passphrase: the file's mode and the disk's encryption protect it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _opening_key(suite: int, secret: bytes) -> OpeningKey:
    key, public = _halves(suite, secret)
    return OpeningKey(id=key_id(public), suite=suite, key=key, public=public)


def _halves(suite: int, secret: bytes) -> tuple[RecipientPrivateKey, bytes]:
    if suite == X25519_SUITE:
        curve = x25519.X25519PrivateKey.from_private_bytes(secret)
        return curve, curve.public_key().public_bytes_raw()
    if suite == HYBRID_SUITE:
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED_BYTES])
        curve = x25519.X25519PrivateKey.from_private_bytes(secret[_SEED_BYTES:])
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        return MLKEM768X25519PrivateKey(lattice, curve), public
    assert suite == P256_SUITE
    # Forty random bytes reduced: the bias is below 2^-64 (FIPS 186-5, A.2.1).
    scalar = int.from_bytes(secret, "big") % (_P256_ORDER - 1) + 1
    point = ec.derive_private_key(scalar, ec.SECP256R1())
    return point, point.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
