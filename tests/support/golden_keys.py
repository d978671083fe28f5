"""Keys for golden vectors, made from public labels: worthless anywhere else, and never stored."""

import hashlib

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey

from cloud_sync.contract.envelope import RecipientPrivateKey


def _bytes(label: str, length: int) -> bytes:
    return hashlib.shake_256(f"vitals-gateway golden vector: {label}".encode()).digest(length)


def signing_key(label: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(label, 32))


def recipient_key(suite: int) -> RecipientPrivateKey:
    curve = x25519.X25519PrivateKey.from_private_bytes(_bytes(f"x25519 {suite}", 32))
    if suite == 1:
        return curve
    if suite == 2:
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(_bytes("ml-kem-768", 64))
        return MLKEM768X25519PrivateKey(lattice, curve)
    return ec.derive_private_key(int.from_bytes(_bytes("p-256", 31), "big"), ec.SECP256R1())


def recipient_public_bytes(suite: int) -> bytes:
    """The raw public key as a key set carries it."""
    curve = x25519.X25519PrivateKey.from_private_bytes(_bytes(f"x25519 {suite}", 32)).public_key()
    if suite == 1:
        return curve.public_bytes_raw()
    if suite == 2:
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(_bytes("ml-kem-768", 64)).public_key()
        return lattice.public_bytes_raw() + curve.public_bytes_raw()
    point = ec.derive_private_key(int.from_bytes(_bytes("p-256", 31), "big"), ec.SECP256R1())
    numbers = point.public_key().public_numbers()
    return b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
