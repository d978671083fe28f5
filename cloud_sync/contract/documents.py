"""Signed documents: an Ed25519 signature, then canonical JSON. One purpose, one prefix."""

from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.contract.canonical import canonical

_SIGNATURE_BYTES = 64
T = TypeVar("T", bound=msgspec.Struct)


def sign(purpose: bytes, document: msgspec.Struct, key: Ed25519PrivateKey) -> bytes:
    """Signature over `purpose` (ends in a zero byte) and the document, followed by the document."""
    assert purpose.endswith(b"\0")
    body = canonical(document)
    return key.sign(purpose + body) + body


def verify(purpose: bytes, raw: bytes, key: Ed25519PublicKey, kind: type[T]) -> T | None:
    """The document if this key signed it for this purpose and it has the right shape."""
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    try:
        key.verify(signature, purpose + body)
        return msgspec.json.decode(body, type=kind)
    except (InvalidSignature, ValueError, msgspec.MsgspecError, RecursionError):
        return None
