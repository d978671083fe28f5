from typing import get_args

import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import envelope
from cloud_sync.contract.envelope import Envelope, Header, Malformed
from tests.support.golden_keys import recipient_key, signing_key

HUB_KEY = signing_key("hub")
HEADER = Header(suite=1, epoch=7, clinic=b"c" * 16, hub=b"h" * 16, seq=1, key_id=16)


def built(suite: int = 1, plaintext: bytes = b"{}", seq: int = 1) -> bytes:
    header = Header(suite=suite, epoch=7, clinic=b"c" * 16, hub=b"h" * 16, seq=seq, key_id=16)
    return envelope.build(header, plaintext, recipient_key(suite).public_key(), HUB_KEY)


def accepted(raw: bytes) -> bool:
    parsed = envelope.parse(raw)
    return isinstance(parsed, Envelope) and envelope.verify(parsed, HUB_KEY.public_key())


def test_only_the_nine_lengths_occur() -> None:
    # RPM-ENV-1: suite 1 = 424, 680, 1,192; suite 2 = 1,512, 1,768, 2,280; suite 3 = 457, 713, 1,225
    expected = {1: (424, 680, 1192), 2: (1512, 1768, 2280), 3: (457, 713, 1225)}
    for suite, lengths in expected.items():
        assert tuple(len(built(suite, b"x" * n)) for n in (1, 255, 511)) == lengths
    assert {length for row in expected.values() for length in row} == envelope.ALL_LENGTHS_BYTES


@pytest.mark.parametrize("suite", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 254, 255, 510, 511, 1022])
def test_every_size_survives(suite: int, size: int) -> None:
    parsed = envelope.parse(built(suite, b"\0" * size))
    assert isinstance(parsed, Envelope)
    assert envelope.open_sealed(parsed, recipient_key(suite)) == b"\0" * size


def test_more_than_the_largest_bucket_is_a_broken_assumption() -> None:
    with pytest.raises(AssertionError):
        built(plaintext=b"x" * 1023)


@pytest.mark.parametrize("suite", [1, 2, 3])
def test_no_flipped_bit_is_accepted(suite: int) -> None:
    raw = built(suite)
    stride = 1 if suite == 1 else 7
    for bit in range(0, len(raw) * 8, stride):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << (bit % 8)
        assert not accepted(bytes(altered))


def test_the_seal_alone_refuses_another_hubs_header() -> None:
    # Somebody strips our signature and signs the same ciphertext as another hub.
    raw = bytearray(built())
    raw[28:44] = b"i" * 16
    body = bytes(raw[:-64])
    stolen = body + signing_key("thief").sign(b"rpm-env-v1\0" + body)
    parsed = envelope.parse(stolen)
    assert isinstance(parsed, Envelope)
    assert envelope.verify(parsed, signing_key("thief").public_key())
    assert envelope.open_sealed(parsed, recipient_key(1)) is None


def test_a_foreign_recipient_and_a_key_of_another_suite_open_nothing() -> None:
    parsed = envelope.parse(built(1))
    assert isinstance(parsed, Envelope)
    for suite in (2, 3):
        assert envelope.open_sealed(parsed, recipient_key(suite)) is None


@pytest.mark.parametrize(
    ("offset", "value", "reason"),
    [
        (0, b"RPM2", "magic"),
        (4, b"\x02", "version"),
        (5, b"\x09", "suite"),
        (5, b"\x02", "suite_length"),
        (6, b"\x01", "flags"),
        (44, bytes(8), "seq"),
        (44, b"\xff" * 8, "seq"),
    ],
)
def test_what_is_malformed_says_how(offset: int, value: bytes, reason: str) -> None:
    raw = bytearray(built())
    raw[offset : offset + len(value)] = value
    found = envelope.parse(bytes(raw))
    assert isinstance(found, Malformed)
    assert found.reason == reason


@given(st.binary(max_size=3000))
def test_noise_is_malformed_for_a_stated_reason(noise: bytes) -> None:
    found = envelope.parse(noise)
    assert isinstance(found, Malformed)
    assert found.reason in get_args(Malformed.__annotations__["reason"])


def test_the_id_is_the_hash_of_every_byte() -> None:
    one, two = envelope.parse(built(seq=1)), envelope.parse(built(seq=2))
    assert isinstance(one, Envelope)
    assert isinstance(two, Envelope)
    assert len(one.id) == 32
    assert one.id != two.id
