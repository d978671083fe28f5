"""Signed checkpoints as text: the C2SP formats tlog-checkpoint and signed-note, Ed25519.

Any C2SP witness can read them. The time is an extension line, which the format leaves to us.
"""

import base64
import binascii
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.identity import keys

LATEST = "checkpoint"  # the newest note, outside the database whose tail it guards
PUBLIC = "checkpoint.vkey"
CERTIFIED = "checkpoint.vkey.sig"  # the root's signature over that line
_PURPOSE = b"rpm-checkpoint-key-v1\0"
_ED25519 = b"\x01"  # the algorithm's number in signed-note


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a note says."""

    size: int
    root: bytes
    at_ms: int


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The key of one clinic's checkpoints."""

    name: str
    key: Ed25519PrivateKey

    def verifier(self) -> str:
        """The line by which anybody checks its notes."""
        public = self.key.public_key().public_bytes_raw()
        identity = _key_id(self.name, public).hex()
        return f"{self.name}+{identity}+{_text(_ED25519 + public)}\n"

    def sign(self, size: int, root: bytes, at_ms: int) -> str:
        """The note for a chain of this size and root."""
        body = f"{self.name}\n{size}\n{_text(root)}\ntime {at_ms}\n"
        signature = self.key.sign(body.encode())
        public = self.key.public_key().public_bytes_raw()
        return f"{body}\n\u2014 {self.name} {_text(_key_id(self.name, public) + signature)}\n"


def load_signer(directory: Path, clinic: str) -> Signer:
    """The checkpoint key; made, with its public half beside it, where an older clinic has none."""
    private = directory / "keys" / keys.CHECKPOINT
    if not private.exists():
        keys.write_private(private, Ed25519PrivateKey.generate().private_bytes_raw())
    key = Ed25519PrivateKey.from_private_bytes(private.read_bytes())
    signer = Signer(name=f"vitals-gateway/{clinic}", key=key)
    line = signer.verifier().encode()
    _replace(directory / PUBLIC, line)
    if (directory / "keys" / keys.ROOT).exists():  # it may be offline by now
        root = keys.load_root(directory / "keys")
        _replace(directory / CERTIFIED, root.sign(_PURPOSE + line))
    return signer


def keep(directory: Path, note: str) -> None:
    """Put the newest note beside the database, whole or not at all."""
    _replace(directory / LATEST, note.encode())


def verify(note: str, verifier: str) -> Checkpoint | None:
    """What the note says, if the key of this verifier line signed it."""
    try:
        name, _identity, encoded = verifier.strip().split("+", 2)
        public = base64.b64decode(encoded, validate=True)[1:]
        body, separator, signatures = note.partition("\n\n")
        mark = f"\u2014 {name} "
        (line,) = (one for one in signatures.splitlines() if one.startswith(mark))
        blob = base64.b64decode(line.removeprefix(mark), validate=True)
        if not separator or blob[:4] != _key_id(name, public):
            return None
        Ed25519PublicKey.from_public_bytes(public).verify(blob[4:], f"{body}\n".encode())
        origin, size, root, time = body.split("\n")
        return _checkpoint(size, root, time) if origin == name else None
    except (ValueError, binascii.Error, InvalidSignature):
        return None


def _checkpoint(size: str, root: str, time: str) -> Checkpoint:
    return Checkpoint(
        size=int(size),
        root=base64.b64decode(root, validate=True),
        at_ms=int(time.removeprefix("time ")),
    )


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
