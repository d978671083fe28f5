"""Makes, keeps and loads the signed key set that hubs follow."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract import keyset as contract
from cloud_sync.contract.envelope import X25519_SUITE
from cloud_sync.contract.keyset import KeySet, ReceiptKey, Recipient
from cloud_sync.identity import keys
from cloud_sync.identity.keys import OpeningKey, ReceiptSigner

_FILE = "keyset.bin"
_ROOT_PUBLIC = "root.pub"


def publish(directory: Path, clinic: str, version: int, at_ms: int) -> KeySet:
    """Sign a key set of every key under `keys/` and write it whole or not at all.

    The only use of the root key: after it, the root may be taken offline until the next change.
    """
    root = keys.load_root(directory / "keys")
    opening = keys.load_recipients(directory / "keys")
    keyset = _compose(opening, keys.load_receipt(directory / "keys"), clinic, version, at_ms)
    (directory / _ROOT_PUBLIC).write_bytes(root.public_key().public_bytes_raw())
    partial = directory / f"{_FILE}.part"
    partial.write_bytes(contract.sign(keyset, root))
    partial.replace(directory / _FILE)
    return keyset


def load_signed(directory: Path) -> bytes:
    """The signed key set, to be handed out as it is."""
    return (directory / _FILE).read_bytes()


def load_root_public(directory: Path) -> bytes:
    """The root's public key, as a ticket carries it."""
    return (directory / _ROOT_PUBLIC).read_bytes()


def load(directory: Path) -> KeySet:
    """The key set in force."""
    root = Ed25519PublicKey.from_public_bytes(load_root_public(directory))
    keyset = contract.verify(load_signed(directory), root)
    assert keyset is not None, "keyset.bin is not signed by the root beside it"
    return keyset


def _compose(
    opening: list[OpeningKey], receipt: ReceiptSigner, clinic: str, version: int, at_ms: int
) -> KeySet:
    return KeySet(
        version=version,
        not_before_ms=at_ms,
        clinic=clinic,
        recipients=tuple(Recipient(id=k.id, suite=k.suite, key=k.public) for k in opening),
        min_suite=X25519_SUITE,
        receipt_keys=(ReceiptKey(id=receipt.id, key=receipt.key.public_key().public_bytes_raw()),),
    )
