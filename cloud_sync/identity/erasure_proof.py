"""The proof of an erasure: a statement signed by the checkpoint key, between two checkpoints.

Whoever has the file and the clinic's `checkpoint.vkey` can verify it, offline.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract.canonical import canonical
from cloud_sync.identity import checkpoint
from cloud_sync.identity.checkpoint import Signer

_CONTEXT = b"vitals-erasure-v1\n"


@dataclass(frozen=True, kw_only=True)
class Sound:
    """What a proof says, its signatures checked."""

    statement: dict[str, Any]
    size_before: int
    size_after: int
    digest: bytes  # of the statement: what the ledger's own row carries


@dataclass(frozen=True, kw_only=True)
class Flaw:
    """Why a proof proves nothing."""

    words: str


def make(signer: Signer, verifier: str, statement: dict[str, Any], after: str) -> bytes:
    """The file: readable JSON."""
    signed = {"statement": statement, "checkpoint_after": after}
    signature = signer.key.sign(_CONTEXT + canonical(signed))
    document = {
        **signed,
        "verifier": verifier.strip(),
        "signature": base64.b64encode(signature).decode(),
    }
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def verify(raw: bytes, verifier: str | None = None) -> Sound | Flaw:
    """Against this verifier line; without one, against the line that the file itself carries."""
    try:
        document = json.loads(raw)
        line = document["verifier"] if verifier is None else verifier.strip()
        statement, after = document["statement"], document["checkpoint_after"]
        signature = base64.b64decode(document["signature"], validate=True)
        public = base64.b64decode(line.split("+", 2)[2], validate=True)[1:]
        signed = canonical({"statement": statement, "checkpoint_after": after})
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _CONTEXT + signed)
        notes = [checkpoint.verify(one, line) for one in (statement["checkpoint_before"], after)]
    except InvalidSignature:
        return Flaw(words="the clinic's key did not sign this")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, binascii.Error):
        return Flaw(words="this is no proof of an erasure")
    earlier, later = notes
    if earlier is None or later is None:
        return Flaw(words="the clinic's key did not sign a checkpoint in it")
    if earlier.size >= later.size:
        return Flaw(words="its checkpoints do not lie around the erasure")
    return Sound(
        statement=statement,
        size_before=earlier.size,
        size_after=later.size,
        digest=sha256(canonical(statement)).digest(),
    )
