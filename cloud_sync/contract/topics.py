"""MQTT topics and the framing of one message: 1 to 20 envelopes, each behind its length."""

import hashlib
import re
from collections.abc import Sequence

import msgspec

from cloud_sync.contract.envelope import MAX_ENVELOPE_BYTES

KEYSET = "rpm/keyset"
ALL_UPLINKS = "rpm/+/+/up"
SHARED_UPLINKS = f"$share/ingest/{ALL_UPLINKS}"
ALL_STATES = "rpm/+/+/state"
MAX_ENVELOPES = 20
MAX_MESSAGE_BYTES = MAX_ENVELOPES * (2 + MAX_ENVELOPE_BYTES)

_UPLINK = re.compile(r"rpm/([0-9a-f])/([0-9a-f]{32})/(up|state)")


def shard(hub: str) -> str:
    """First hex digit of SHA-256 over the hub id's text: 16 shards."""
    return hashlib.sha256(hub.encode()).hexdigest()[0]


def up(hub: str) -> str:
    """Where a hub (32 hex digits) publishes sealed envelopes."""
    return f"rpm/{shard(hub)}/{hub}/up"


def ack(hub: str) -> str:
    """Where the clinic answers with signed receipts."""
    return f"rpm/{shard(hub)}/{hub}/ack"


def state(hub: str) -> str:
    """A hub's retained state message."""
    return f"rpm/{shard(hub)}/{hub}/state"


def command(hub: str) -> str:
    """Signed commands to a hub."""
    return f"rpm/{shard(hub)}/{hub}/cmd"


def hub_of(topic: str) -> str | None:
    """The hub that an `up` or `state` topic belongs to; None unless its shard is its own."""
    match = _UPLINK.fullmatch(topic)
    if match is None or match[1] != shard(match[2]):
        return None
    return match[2]


class Misframed(msgspec.Struct, frozen=True, kw_only=True):
    """The message is not 1 to 20 length-prefixed parts."""

    offset: int


def join(envelopes: Sequence[bytes]) -> bytes:
    """One message of 1 to 20 envelopes."""
    assert 1 <= len(envelopes) <= MAX_ENVELOPES
    return b"".join(len(raw).to_bytes(2, "big") + raw for raw in envelopes)


def split(message: bytes) -> tuple[bytes, ...] | Misframed:
    """The parts of a message, unexamined."""
    parts: list[bytes] = []
    offset = 0
    while offset < len(message):
        start = offset + 2
        end = start + int.from_bytes(message[offset:start], "big")
        if start >= end or end > len(message) or len(parts) == MAX_ENVELOPES:
            return Misframed(offset=offset)
        parts.append(message[start:end])
        offset = end
    return tuple(parts) if parts else Misframed(offset=0)
