import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import receipt
from cloud_sync.contract.receipt import Reason, Receipt, Receipted, Status
from tests.support.golden_keys import signing_key

KEY = signing_key("receipt")
KEYS = {5: KEY.public_key()}


def receipt_of(count: int) -> Receipt:
    entries = tuple(
        Receipted(seq=n, envelope_id=bytes([n]) * 32, status=Status.STORED)
        for n in range(1, count + 1)
    )
    return Receipt(key_id=5, epoch=1, hub=b"h" * 16, committed_at_ms=1, entries=entries)


@pytest.mark.parametrize(("count", "size_bytes"), [(1, 146), (20, 944)])
def test_sizes_of_the_format(count: int, size_bytes: int) -> None:
    raw = receipt.sign(receipt_of(count), KEY)
    assert len(raw) == size_bytes
    assert receipt.verify(raw, KEYS) == receipt_of(count)


def test_no_flipped_bit_is_accepted() -> None:
    raw = receipt.sign(receipt_of(2), KEY)
    for bit in range(len(raw) * 8):
        altered = bytearray(raw)
        altered[bit // 8] ^= 1 << (bit % 8)
        assert receipt.verify(bytes(altered), KEYS) is None


def test_another_key_or_an_unknown_one_proves_nothing() -> None:
    raw = receipt.sign(receipt_of(1), signing_key("thief"))
    assert receipt.verify(raw, KEYS) is None
    assert receipt.verify(receipt.sign(receipt_of(1), KEY), {6: KEY.public_key()}) is None


@pytest.mark.parametrize(("cut", "extra"), [(1, b""), (42, b""), (0, b"\0"), (0, b"\1" * 42)])
def test_a_signed_receipt_of_the_wrong_length_is_none(cut: int, extra: bytes) -> None:
    body = receipt.sign(receipt_of(2), KEY)[:-64]
    altered = body[: len(body) - cut] + extra
    assert receipt.verify(altered + KEY.sign(b"rpm-ack-v1\0" + altered), KEYS) is None


@pytest.mark.parametrize(("offset", "value"), [(80, 0), (80, 4), (81, 200)])
def test_a_signed_code_outside_its_list_is_none(offset: int, value: int) -> None:
    body = bytearray(receipt.sign(receipt_of(1), KEY)[:-64])
    body[offset] = value
    raw = bytes(body) + KEY.sign(b"rpm-ack-v1\0" + bytes(body))
    assert receipt.verify(raw, KEYS) is None


@given(st.binary(max_size=1000))
def test_noise_is_none(noise: bytes) -> None:
    assert receipt.verify(noise, KEYS) is None


def test_only_what_is_committed_may_be_forgotten() -> None:
    fates = {s: Receipted(seq=1, envelope_id=b"", status=s).held_by_clinic for s in Status}
    assert fates == {Status.STORED: True, Status.ALREADY_STORED: True, Status.REFUSED: False}
    refused = Receipted(seq=1, envelope_id=b"", status=Status.REFUSED, reason=Reason.WRONG_HUB)
    assert not refused.held_by_clinic


def test_batches_hold_at_most_twenty_in_order() -> None:
    entries = receipt_of(20).entries + receipt_of(3).entries
    assert [len(batch) for batch in receipt.batches(entries)] == [20, 3]
    assert tuple(e for batch in receipt.batches(entries) for e in batch) == entries
