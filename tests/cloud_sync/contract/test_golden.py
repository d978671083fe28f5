"""Every released vector opens for ever, byte for byte."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract import envelope, keyset, receipt, state, topics
from tests.support import golden_contract
from tests.support.golden_keys import recipient_key, signing_key

GOLDEN = Path(__file__).parents[2] / "golden"
VECTORS = [json.loads(path.read_text()) for path in sorted(GOLDEN.glob("contract-v*.json"))]
ENVELOPES = [(v, e) for v in VECTORS for e in v["envelopes"]]


def test_there_are_vectors() -> None:
    assert len(ENVELOPES) >= 9


@pytest.mark.parametrize(
    ("vector", "case"), ENVELOPES, ids=[f"suite{e['suite']}-{e['seq']}" for _, e in ENVELOPES]
)
def test_an_envelope_verifies_and_opens(vector: dict[str, Any], case: dict[str, Any]) -> None:
    raw = bytes.fromhex(case["envelope"])
    parsed = envelope.parse(raw)
    assert isinstance(parsed, envelope.Envelope)
    assert envelope.verify(parsed, signing_key("hub").public_key())
    opened = envelope.open_sealed(parsed, recipient_key(case["suite"]))
    assert opened == case["plaintext"].encode()
    # The layout, read here by the offsets of the format's table and not by the codec:
    assert raw[:8] == b"RPM1" + bytes([1, case["suite"], 0, 0])
    assert int.from_bytes(raw[8:12], "big") == vector["epoch"]
    assert raw[12:28].hex() == vector["clinic"]
    assert raw[28:44].hex() == vector["hub"]
    assert int.from_bytes(raw[44:52], "big") == case["seq"]
    assert int.from_bytes(raw[52:56], "big") == case["suite"] * 16


@pytest.mark.parametrize("vector", VECTORS)
def test_a_receipt_is_byte_exact(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["receipt"])
    assert len(raw) == 104 + 42 * 3
    assert raw[:8] == b"RPMA\x01\x03\x00\x00"
    assert int.from_bytes(raw[8:12], "big") == 5
    assert raw[16:32].hex() == vector["hub"]
    assert raw[40:48] == (1).to_bytes(8, "big")
    assert raw[48:80] == b"\x01" * 32
    assert receipt.verify(raw, {5: signing_key("receipt").public_key()}) == (
        golden_contract.sample_receipt()
    )
    assert receipt.sign(golden_contract.sample_receipt(), signing_key("receipt")) == raw


@pytest.mark.parametrize("vector", VECTORS)
def test_a_key_set_is_byte_exact_and_readable_without_us(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["keyset"])
    assert keyset.verify(raw, signing_key("root").public_key()) == golden_contract.sample_keyset()
    assert keyset.sign(golden_contract.sample_keyset(), signing_key("root")) == raw
    public = signing_key("root").public_key().public_bytes_raw()
    Ed25519PublicKey.from_public_bytes(public).verify(raw[:64], b"rpm-keyset-v1\0" + raw[64:])
    again = json.dumps(
        json.loads(raw[64:]), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert again.encode() == raw[64:]


@pytest.mark.parametrize("vector", VECTORS)
def test_state_framing_and_topics_are_byte_exact(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["state"])
    assert state.verify(raw, signing_key("hub").public_key()) == golden_contract.sample_state()
    assert state.sign(golden_contract.sample_state(), signing_key("hub")) == raw
    assert topics.join([b"one", b"two!"]).hex() == vector["message"]
    hub = vector["hub"]
    assert vector["topics"] == [
        topics.up(hub),
        topics.ack(hub),
        topics.state(hub),
        topics.command(hub),
    ]
