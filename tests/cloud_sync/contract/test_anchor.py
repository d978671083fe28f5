import msgspec
import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract import anchor as contract, observation
from cloud_sync.contract.anchor import TimeAnchor
from tests.support.readings import cuff

ANCHOR = TimeAnchor(
    boot="b" * 32,
    monotonic_ms=987_654,
    wall_ms=1_772_616_705_123,
    error_ms=40,
    software="0.1.0",
)
# Released: these bytes are read for ever.
V1 = (
    b'{"boot":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb","error_ms":40,"kind":"time_anchor",'
    b'"monotonic_ms":987654,"software":"0.1.0","v":1,"wall_ms":1772616705123}'
)


def test_the_released_bytes_are_read_for_ever() -> None:
    assert contract.encode(ANCHOR) == V1
    assert contract.decode(V1) == ANCHOR


def test_an_anchor_and_an_observation_are_never_read_as_each_other() -> None:
    assert observation.decode(V1) is None
    assert contract.decode(observation.encode(cuff("1" * 32))) is None


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert contract.decode(V1.replace(b'"v":1', b'"new":[1],"v":2')) is not None


@pytest.mark.parametrize("cut", [1, 40, len(V1) - 1])
def test_what_is_cut_is_no_anchor(cut: int) -> None:
    assert contract.decode(V1[:cut]) is None


@given(st.binary(max_size=200))
def test_noise_is_no_anchor(noise: bytes) -> None:
    assert contract.decode(noise) is None


def test_brackets_without_end_are_no_anchor() -> None:
    assert contract.decode(b'{"kind":"time_anchor","x":' + b"[" * 1000) is None


def test_the_largest_anchor_fits_an_envelope() -> None:
    most = {"monotonic_ms": 2**62, "wall_ms": 2**62, "error_ms": 2**62, "software": "9" * 60}
    assert len(contract.encode(msgspec.structs.replace(ANCHOR, **most))) < 254  # smallest bucket
