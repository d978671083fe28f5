from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract import keyset as contract
from cloud_sync.identity import keys, keyset

CLINIC = "ab" * 16


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    keyset.publish(tmp_path, CLINIC, version=1, at_ms=5)
    return tmp_path


def test_a_hub_that_pinned_the_root_accepts_the_key_set(directory: Path) -> None:
    root = Ed25519PublicKey.from_public_bytes(keyset.load_root_public(directory))
    accepted = contract.verify(keyset.load_signed(directory), root)
    assert accepted is not None
    assert (accepted.version, accepted.clinic, accepted.not_before_ms) == (1, CLINIC, 5)
    assert sorted(r.suite for r in accepted.recipients) == [1, 2, 3]
    receipt = keys.load_receipt(directory / "keys")
    assert list(accepted.receipt_public_keys()) == [receipt.id]


def test_it_names_exactly_the_keys_the_opener_holds(directory: Path) -> None:
    held = {key.id for key in keys.load_recipients(directory / "keys")}
    assert {r.id for r in keyset.load(directory).recipients} == held


def test_a_changed_file_is_noticed(directory: Path) -> None:
    signed = bytearray(keyset.load_signed(directory))
    signed[-1] ^= 1
    (directory / "keyset.bin").write_bytes(signed)
    with pytest.raises(AssertionError, match="not signed"):
        keyset.load(directory)
