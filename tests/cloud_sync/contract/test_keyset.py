import msgspec
import pytest

from cloud_sync.contract import documents, keyset
from cloud_sync.contract.keyset import KeySet, Recipient
from tests.support.golden_contract import sample_keyset
from tests.support.golden_keys import recipient_key, signing_key

ROOT = signing_key("root")


def test_a_hub_believes_only_its_root() -> None:
    raw = keyset.sign(sample_keyset(), ROOT)
    assert keyset.verify(raw, ROOT.public_key()) == sample_keyset()
    assert keyset.verify(raw, signing_key("thief").public_key()) is None
    for at in (0, 63, 64, len(raw) - 1):
        altered = bytearray(raw)
        altered[at] ^= 1
        assert keyset.verify(bytes(altered), ROOT.public_key()) is None


def test_a_signature_for_another_purpose_is_none() -> None:
    raw = documents.sign(b"rpm-state-v1\0", sample_keyset(), ROOT)
    assert keyset.verify(raw, ROOT.public_key()) is None


@pytest.mark.parametrize("suite", [1, 2, 3])
def test_recipients_load_as_keys_one_can_seal_to(suite: int) -> None:
    recipient = sample_keyset().recipient(suite)
    assert recipient is not None
    loaded = keyset.load_recipient(recipient)
    assert type(loaded) is type(recipient_key(suite).public_key())


def test_a_missing_suite_is_none() -> None:
    assert msgspec.structs.replace(sample_keyset(), recipients=()).recipient(1) is None


@pytest.mark.parametrize("suite", [1, 2, 3, 9])
def test_a_signed_set_with_a_broken_key_is_none(suite: int) -> None:
    broken = Recipient(id=1, suite=suite, key=b"\x05" * 31)
    document: KeySet = msgspec.structs.replace(sample_keyset(), recipients=(broken,))
    assert keyset.verify(keyset.sign(document, ROOT), ROOT.public_key()) is None
