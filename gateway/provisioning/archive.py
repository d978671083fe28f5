"""A backup file: what a hub must not lose, encrypted under a recovery code (ADR 0040).

    offset  length  field
    0       4       magic `VHBK`
    4       1, 3    version 1, zero
    8       16      salt of this file
    24      12      nonce
    36      8       check of the code, so that a wrong one is told from an altered file
    44      4       length of what follows
    48      ...     AES-256-GCM ciphertext and tag; bytes 0 to 47 are its associated data

The key is HKDF-SHA256 over the code's 130 random bits and the salt. Pure: salt and nonce are
parameters. The hub's own keys are never in here: a replaced hub enrols anew.
"""

import hmac
import struct
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
SALT_BYTES, NONCE_BYTES, CHECK_BYTES = 16, 12, 8
MAX_BYTES = 4 * 1024 * 1024  # a device is a few KB; nothing longer is read
_MAGIC = b"VHBK"
_HEADER = struct.Struct(f">4sB3x{SALT_BYTES}s{NONCE_BYTES}s{CHECK_BYTES}sI")
_INFO = b"vitals-hub backup v1"
ADDRESS = r"^([0-9A-F]{2}:){5}[0-9A-F]{2}$"
Address = Annotated[str, msgspec.Meta(pattern=ADDRESS)]


class Bond(msgspec.Struct, frozen=True, kw_only=True):
    """What bluetoothd keeps of one device, as it lies on its disk; None where it has no such file.

    `info` holds the keys, `cache` what the device offers, `attributes` the same in older releases.
    """

    device: Address
    info: bytes
    attributes: bytes | None = None
    cache: bytes | None = None


class SavedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the hub's list: what it is, when it was paired, and how far it was read."""

    id: str
    profile: str
    name: str
    paired_ms: int
    last_kept: int | None = None


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a backup. `adapter` is the address that the bonds were made with.

    `taken_ms` is ms since 1970 UTC by the hub's clock; `adapter` is None where nothing is bonded.
    """

    taken_ms: int
    software: str
    hub: str
    clinic: str
    adapter: Address | None
    devices: tuple[SavedDevice, ...]
    bonds: tuple[Bond, ...]


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Why this is of no use, in one sentence for a technician. Nothing was changed."""

    error: str


def lock(contents: Contents, secret: bytes, *, salt: bytes, nonce: bytes) -> bytes:
    """The bytes of the file. `salt` and `nonce` are fresh random bytes for each file."""
    assert (len(salt), len(nonce)) == (SALT_BYTES, NONCE_BYTES)
    plaintext = msgspec.json.encode(contents)
    key, check = _keys(secret, salt)
    length = len(plaintext) + 16  # the tag
    header = _HEADER.pack(_MAGIC, VERSION, salt, nonce, check, length)
    return header + AESGCM(key).encrypt(nonce, plaintext, header)


def unlock(raw: bytes, secret: bytes) -> Contents | Refused:
    """What is in the file, all of it authenticated before any of it is read."""
    if len(raw) > MAX_BYTES or raw[:4] != _MAGIC[: len(raw)] or not raw:
        return Refused(error="this file is not a backup of a vitals hub")
    if len(raw) > 4 and raw[4] != VERSION:
        return Refused(
            error=f"this backup has format {raw[4]}, and this release reads format {VERSION} "
            "only: use the release that made it"
        )
    if len(raw) < _HEADER.size:
        return Refused(error=_CUT_SHORT)
    _, _, salt, nonce, check, length = _HEADER.unpack_from(raw)
    key, expected = _keys(secret, salt)
    if not hmac.compare_digest(check, expected):
        return Refused(error="this is not the recovery code of this backup")
    if len(raw) < _HEADER.size + length:
        return Refused(error=_CUT_SHORT)
    header = raw[: _HEADER.size]
    try:
        plaintext = AESGCM(key).decrypt(nonce, raw[_HEADER.size :], header)
    except InvalidTag:
        return Refused(error="this backup was altered or damaged: use another copy of it")
    return msgspec.json.decode(plaintext, type=Contents)  # ours, or the tag would not fit


_CUT_SHORT = "this backup is cut short: copy it again from where it was made"


def _keys(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The cipher's key, and the check that tells a wrong code from damage."""
    derived = HKDF(hashes.SHA256(), length=32 + CHECK_BYTES, salt=salt, info=_INFO).derive(secret)
    return derived[:32], derived[32:]
