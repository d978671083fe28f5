"""Signatures of the clinic, and its checkpoints: C2SP tlog-checkpoint in a signed note."""

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNATURE_BYTES = 64
_KIND = b"\x01"  # Ed25519, in signed-note's numbering


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a checkpoint says: so many entries, this root, at this time."""

    name: str
    size: int
    root: bytes
    at_ms: int


def signed(key: bytes, purpose: bytes, raw: bytes) -> bool:
    """Whether `raw` is a signature by this key and then what it signs, for this purpose."""
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, purpose + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_note(note: bytes, verifier: bytes) -> Note | None:
    """The checkpoint, if exactly these bytes are one that the key of the verifier line signed."""
    try:
        name, identity, encoded = verifier.decode().removesuffix("\n").split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        origin, size, root, time, empty, signature, end = note.decode().split("\n")
        mark, signer, blob = signature.split(" ")
        raw = base64.b64decode(blob, validate=True)
        known = sha256(name.encode() + b"\n" + key).digest()[:4]
        body = f"{origin}\n{size}\n{root}\n{time}\n"
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], body.encode())
        found = Note(
            name=name,
            size=int(size),
            root=base64.b64decode(root, validate=True),
            at_ms=int(time.removeprefix("time ")),
        )
    except (ValueError, InvalidSignature):
        return None
    fits = (origin, mark, signer, empty, end) == (name, "\u2014", name, "", "")
    exact = f"{body}\n\u2014 {name} {base64.b64encode(known + raw[4:]).decode()}\n".encode()
    return (
        found if fits and identity == known.hex() and key[:1] == _KIND and exact == note else None
    )
