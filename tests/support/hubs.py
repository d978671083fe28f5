"""Hubs with real keys: their envelopes, requests, states, and how they read a receipt."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from cloud_sync.contract import envelope, keyset as keyset_contract, receipt, topics
from cloud_sync.contract.enrolment import Request, proof_message
from cloud_sync.contract.envelope import Header
from cloud_sync.contract.keyset import KeySet, Recipient
from cloud_sync.contract.state import HubState
from cloud_sync.identity import keys
from cloud_sync.identity.keys import OpeningKey


@dataclass(kw_only=True)
class Hub:
    """A hub's keys and what enrolment gave it; builds envelopes as a real hub does."""

    id: str
    signing: Ed25519PrivateKey
    keyset: KeySet
    epoch: int = 7
    suite: int = envelope.HYBRID_SUITE
    tls: Path | None = None

    def seal(self, seq: int, plaintext: bytes, **changes: Any) -> bytes:
        """An envelope; `changes` are header fields that a test wants wrong."""
        recipient = self.keyset.recipient(changes.get("suite", self.suite))
        assert recipient is not None
        fields: dict[str, Any] = {
            "suite": self.suite,
            "epoch": self.epoch,
            "clinic": bytes.fromhex(self.keyset.clinic),
            "hub": bytes.fromhex(self.id),
            "seq": seq,
            "key_id": recipient.id,
        }
        header = Header(**(fields | changes))
        public = keyset_contract.load_recipient(recipient)
        return envelope.build(header, plaintext, public, self.signing)


def loose_hub() -> Hub:
    """A hub of a clinic that exists in memory only; every key is real."""
    with TemporaryDirectory() as directory:
        keys.create(Path(directory) / "keys")
        return hub_of_keys(keys.load_recipients(Path(directory) / "keys"))


def hub_of_keys(opening: list[OpeningKey]) -> Hub:
    """A hub that seals to these keys."""
    keyset_of_them = KeySet(
        version=1,
        not_before_ms=0,
        clinic="c1" * 16,
        recipients=tuple(Recipient(id=k.id, suite=k.suite, key=k.public) for k in opening),
        min_suite=1,
        receipt_keys=(),
    )
    return Hub(
        id=secrets.token_hex(16), signing=Ed25519PrivateKey.generate(), keyset=keyset_of_them
    )


def hub_state(hub: str, at_ms: int, boot: str = "boot") -> HubState:
    """What a hub says of itself."""
    return HubState(
        hub=hub,
        at_ms=at_ms,
        clock_synchronised=True,
        boot=boot,
        epoch=7,
        held=3,
        oldest_held_ms=None,
        refused=0,
        last_seq=4,
        days_of_room=365,
        disk_free_bytes=1,
        keyset_version=1,
        key_storage_tier="0",
        software="test",
        devices=1,
    )


def hub_request(code: str, signing: Ed25519PrivateKey, tls: ec.EllipticCurvePrivateKey) -> Request:
    """What a hub posts."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ignored")])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(tls, hashes.SHA256())
    return Request(
        code=code,
        csr_pem=csr.public_bytes(serialization.Encoding.PEM).decode(),
        verify_key=signing.public_key().public_bytes_raw(),
        proof=signing.sign(proof_message(csr.public_bytes(serialization.Encoding.DER))),
        software="test",
    )


def entries(message: tuple[str, bytes] | None, hub: Hub) -> list[tuple[int, str, str]]:
    """A receipt's entries as (seq, status, reason), after checking topic and signature."""
    assert message is not None, "no receipt came"
    topic, raw = message
    assert topic == topics.ack(hub.id)
    found = receipt.verify(raw, hub.keyset.receipt_public_keys())
    assert found is not None
    assert found.hub == bytes.fromhex(hub.id)
    return [(e.seq, e.status.name, e.reason.name) for e in found.entries]


def forge(raw: bytes) -> bytes:
    """The same envelope with one bit of its signature changed. (Its last byte may well be zero.)"""
    return raw[:-64] + bytes([raw[-64] ^ 1]) + raw[-63:]
