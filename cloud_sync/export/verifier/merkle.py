"""Inclusion in a tree of RFC 9162, for several leaves at once.

The proof is one list of hashes, in the order in which a walk from the left meets a subtree that
holds none of the leaves. For a single leaf these are the nodes of RFC 9162's inclusion path
(2.1.3), ordered from left to right instead of from bottom to top.
"""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256


class ProofError(ValueError):
    """The hashes are no proof for these leaves."""


def proven_root(size: int, leaves: Mapping[int, bytes], hashes: Sequence[bytes]) -> bytes:
    """The root of the tree of `size` leaves in which these stand at these places, from 0."""
    if not leaves or min(leaves) < 0 or max(leaves) >= size:
        raise ProofError("a place lies outside the tree")
    rest = iter(hashes)
    root = _subtree(0, size, sorted(leaves), leaves, rest)
    if next(rest, None) is not None:
        raise ProofError("the proof is too long")
    return root


def _subtree(
    first: int,
    count: int,
    inside: Sequence[int],
    leaves: Mapping[int, bytes],
    rest: Iterator[bytes],
) -> bytes:
    if not inside:
        found = next(rest, b"")
        if len(found) != 32:
            raise ProofError("the proof is too short")
        return found
    if count == 1:
        return sha256(b"\x00" + leaves[first]).digest()
    left = 1 << ((count - 1).bit_length() - 1)  # the largest power of two below the count
    middle = first + left
    before = [place for place in inside if place < middle]
    one = _subtree(first, left, before, leaves, rest)
    other = _subtree(middle, count - left, inside[len(before) :], leaves, rest)
    return sha256(b"\x01" + one + other).digest()
