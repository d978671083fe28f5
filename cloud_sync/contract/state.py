"""The hub's state message: how it is, in numbers a clinic can act on. No patient data."""

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.contract import documents

_PURPOSE = b"rpm-state-v1\0"
GONE = b""  # the last will: unsigned, and says only that the link is gone


class HubState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a hub says of itself; retained on its state topic, signed by its envelope key."""

    hub: str
    at_ms: int  # hub wall clock
    clock_synchronised: bool
    boot: str
    epoch: int
    held: int  # envelopes without a receipt
    oldest_held_ms: int | None  # arrival of the oldest of them, hub wall clock
    refused: int  # envelopes the clinic refused; kept until staff decide
    last_seq: int
    days_of_room: int
    disk_free_bytes: int
    keyset_version: int
    key_storage_tier: str
    software: str
    devices: int  # bonded devices


def sign(state: HubState, key: Ed25519PrivateKey) -> bytes:
    """The state message's bytes."""
    return documents.sign(_PURPOSE, state, key)


def verify(raw: bytes, key: Ed25519PublicKey) -> HubState | None:
    """The state if this hub signed it."""
    return documents.verify(_PURPOSE, raw, key, HubState)
