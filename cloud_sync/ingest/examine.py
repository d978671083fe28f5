"""The checks an envelope passes before it is believed, in their order. Pure: facts are handed in.

Nothing here opens an envelope; the keys that could are not in this process's ingest part.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract import envelope, topics
from cloud_sync.contract.envelope import Envelope, Header, Malformed
from cloud_sync.contract.receipt import Reason
from cloud_sync.contract.topics import Misframed

_EPOCH, _HUB, _SEQ = slice(8, 12), slice(28, 44), slice(44, 52)


@dataclass(frozen=True, kw_only=True)
class HubFacts:
    """What the device table says of a hub."""

    active: bool
    verify_key: bytes | None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the clinic knows while it examines; `keys` are in the key set and held by the opener."""

    clinic: bytes
    hubs: Mapping[str, HubFacts]
    keys: Mapping[int, int]  # suite by recipient key id
    min_suite: int


@dataclass(frozen=True, kw_only=True)
class Sound:
    """An active hub signed this envelope, and the opener can open it."""

    hub: str
    envelope: Envelope


@dataclass(frozen=True, kw_only=True)
class Unsound:
    """What is kept in quarantine instead.

    `hub` is a registered one or None; with it, `claim` says which envelope a refusal names.
    """

    topic: str
    body: bytes
    why: str
    hub: str | None = None
    reason: Reason = Reason.NONE
    claim: "Claim | None" = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Epoch and number that refused bytes claim. Harmless if false: the hash must match too."""

    epoch: int
    seq: int


Examined = Sound | Unsound


def examine(topic: str, payload: bytes, facts: Facts) -> list[Examined]:
    """Every envelope of one message; never raises."""
    hub = topics.hub_of(topic)
    if hub is None:
        return [Unsound(topic=topic, body=payload, why="wrong_topic")]
    if hub not in facts.hubs:
        return [Unsound(topic=topic, body=payload, why="unknown_hub")]
    parts = topics.split(payload)
    if isinstance(parts, Misframed):
        return [Unsound(topic=topic, body=payload, why="misframed", hub=hub)]
    return [_one(topic, hub, raw, facts) for raw in parts]


def _one(topic: str, hub: str, raw: bytes, facts: Facts) -> Examined:
    found = envelope.parse(raw)
    reason = Reason.MALFORMED if isinstance(found, Malformed) else _objection(found, hub, facts)
    if reason is None:
        assert isinstance(found, Envelope)
        return Sound(hub=hub, envelope=found)
    return Unsound(
        topic=topic,
        body=raw,
        why=reason.name.lower(),
        hub=hub,
        reason=reason,
        claim=_claim(raw, hub),
    )


def _objection(found: Envelope, hub: str, facts: Facts) -> Reason | None:
    header, known = found.header, facts.hubs[hub]
    if header.hub != bytes.fromhex(hub):
        return Reason.WRONG_HUB
    if header.clinic != facts.clinic:
        return Reason.WRONG_CLINIC
    if not known.active or known.verify_key is None:
        return Reason.HUB_NOT_ACTIVE
    if not envelope.verify(found, Ed25519PublicKey.from_public_bytes(known.verify_key)):
        return Reason.BAD_SIGNATURE
    return _key_objection(header, facts)


def _key_objection(header: Header, facts: Facts) -> Reason | None:
    if header.suite < facts.min_suite:
        return Reason.SUITE_NOT_ALLOWED
    if facts.keys.get(header.key_id) != header.suite:
        return Reason.UNKNOWN_KEY
    return None


def _claim(raw: bytes, hub: str) -> Claim | None:
    """None where the bytes do not even claim to be this hub's: no receipt could be matched."""
    if len(raw) < envelope.HEADER_BYTES or raw[_HUB] != bytes.fromhex(hub):
        return None
    return Claim(epoch=int.from_bytes(raw[_EPOCH], "big"), seq=int.from_bytes(raw[_SEQ], "big"))
