"""Proofs against values from outside: the inclusion paths of RFC 6962's reference test data."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from cloud_sync.export.verifier.merkle import ProofError, proven_root
from cloud_sync.ledger import chain
from tests.cloud_sync.ledger.test_chain import LEAVES, ROOTS, defined

# (leaf from 1, size, path) of the reference implementation's Merkle tree tests; bottom up.
PATHS = (
    (1, 1, ()),
    (
        1,
        8,
        (
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ),
    ),
    (
        6,
        8,
        (
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
    ),
    (3, 3, ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",)),
    (
        2,
        5,
        (
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ),
    ),
)


@pytest.mark.parametrize(("leaf", "size", "path"), PATHS)
def test_for_one_leaf_the_hashes_are_the_published_path(
    leaf: int, size: int, path: tuple[str, ...]
) -> None:
    made = chain.proof(iter(LEAVES[:size]), size, [leaf - 1])
    assert sorted(one.hex() for one in made) == sorted(path)
    assert proven_root(size, {leaf - 1: LEAVES[leaf - 1]}, made).hex() == ROOTS[size]


def climbed(place: int, size: int, leaf: bytes, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2, as it is written: the root from one leaf and its path, bottom up."""
    first, last = place, size - 1
    root = sha256(b"\x00" + leaf).digest()
    for node in path:
        assert last != 0, "the path is too long"
        if first & 1 or first == last:
            root = sha256(b"\x01" + node + root).digest()
            while not first & 1 and first != 0:
                first, last = first >> 1, last >> 1
        else:
            root = sha256(b"\x01" + root + node).digest()
        first, last = first >> 1, last >> 1
    assert last == 0, "the path is too short"
    return root


def test_a_path_climbs_to_the_same_root_by_the_standards_own_algorithm() -> None:
    leaves = [bytes([number]) for number in range(40)]
    for size in range(1, 41):
        for place in range(size):
            made = chain.proof(iter(leaves[:size]), size, [place])
            bottom_up = _climbing(place, size, made)
            assert climbed(place, size, leaves[place], bottom_up) == defined(leaves[:size])


def _climbing(place: int, size: int, made: list[bytes]) -> list[bytes]:
    """From left to right, to from the bottom up: right of the leaf near first, then left."""
    lefts = _lefts(place, size)
    before, after = made[: sum(lefts)], made[sum(lefts) :]
    return [(before.pop() if left else after.pop(0)) for left in lefts]


def _lefts(place: int, size: int) -> list[bool]:
    if size == 1:
        return []
    split = 1 << ((size - 1).bit_length() - 1)
    if place < split:
        return [*_lefts(place, split), False]
    return [*_lefts(place - split, size - split), True]


@given(st.data())
def test_any_choice_of_leaves_is_proven(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    places = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    leaves = [sha256(bytes([number])).digest() for number in range(size)]
    made = chain.proof(iter(leaves), size, places)
    assert proven_root(size, {at: leaves[at] for at in places}, made) == defined(leaves)


def test_a_false_leaf_place_or_hash_gives_another_root_or_none() -> None:
    """A false size may not: a checkpoint and a batch say it beside their root."""
    rng = random.Random(9162)
    leaves = [bytes([number]) * 32 for number in range(21)]
    root = defined(leaves)
    for _attempt in range(300):
        places = sorted(rng.sample(range(21), rng.randrange(1, 6)))
        proof = chain.proof(iter(leaves), 21, places)
        chosen = {at: leaves[at] for at in places}
        one = rng.choice(places)
        false = [
            (21, chosen | {one: b"x" * 32}, proof),
            (21, {(at + 1) % 21: leaf for at, leaf in chosen.items()}, proof),
            (21, chosen, [*proof, bytes(32)]),
            (21, chosen, proof[:-1]),
            (21, chosen, [bytes(32), *proof[1:]]),
        ]
        for size, given_leaves, hashes in false:
            if hashes == proof and size == 21 and given_leaves == chosen:
                continue
            try:
                assert proven_root(size, given_leaves, hashes) != root
            except ProofError:
                continue


@pytest.mark.parametrize("places", [{}, {-1: b""}, {5: b""}])
def test_a_place_outside_the_tree_proves_nothing(places: dict[int, bytes]) -> None:
    with pytest.raises(ProofError):
        proven_root(5, places, [])
