import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import envelope, keyset as contract
from cloud_sync.contract.envelope import Envelope, Header
from cloud_sync.contract.keyset import Recipient
from cloud_sync.identity import keys


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    return tmp_path / "keys"


def test_only_the_owner_reads_any_key(directory: Path) -> None:
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = list(directory.iterdir())
    assert len(files) == 6
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_second_clinic_never_overwrites_the_first(directory: Path) -> None:
    with pytest.raises(FileExistsError):
        keys.create(directory)


def test_what_is_sealed_to_a_published_key_opens_with_the_loaded_one(directory: Path) -> None:
    hub = Ed25519PrivateKey.generate()
    opened = []
    for key in keys.load_recipients(directory):
        public = contract.load_recipient(Recipient(id=key.id, suite=key.suite, key=key.public))
        header = Header(
            suite=key.suite, epoch=1, clinic=bytes(16), hub=bytes(16), seq=1, key_id=key.id
        )
        sealed = envelope.parse(envelope.build(header, b"a reading", public, hub))
        assert isinstance(sealed, Envelope)
        opened.append((key.suite, envelope.open_sealed(sealed, key.key)))
    assert sorted(opened) == [(1, b"a reading"), (2, b"a reading"), (3, b"a reading")]


def test_loading_twice_gives_the_same_keys(directory: Path) -> None:
    first, again = keys.load_receipt(directory), keys.load_receipt(directory)
    assert first.id == again.id
    assert first.key.sign(b"x") == again.key.sign(b"x")
    assert keys.load_root(directory).sign(b"x") == keys.load_root(directory).sign(b"x")
    assert [k.id for k in keys.load_recipients(directory)] == [
        k.id for k in keys.load_recipients(directory)
    ]


def test_a_new_recipient_key_stands_beside_the_old(directory: Path) -> None:
    identity = keys.create_recipient(directory, envelope.HYBRID_SUITE)
    held = [key.id for key in keys.load_recipients(directory)]
    assert identity in held
    assert len(set(held)) == 4
