"""The chain of entries and the RFC 9162 tree over them: pure hashing, the format of the evidence.

record = canonical JSON of entry and row; leaf = SHA-256(record); hash = SHA-256(prev || leaf).
Nothing here may change: every hash that was ever signed would change with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import Any

from cloud_sync.contract.canonical import canonical

FIRST_PREV = bytes(32)
EMPTY_ROOT = sha256(b"").digest()  # RFC 9162, 2.1.1


@dataclass(frozen=True, kw_only=True)
class Head:
    """The end of the chain: how many entries, and the hash of the last."""

    size: int
    hash: bytes


START = Head(size=0, hash=FIRST_PREV)


def plain_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row as JSON has it; null columns are left out, so that a later column changes nothing."""
    return {str(name): _plain(value) for name, value in row.items() if value is not None}


def _plain(value: Any) -> Any:  # noqa: ANN401  any column's value
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, date) else value


def record(  # noqa: PLR0913 - named columns
    *, seq: int, kind: str, row_id: str, author: str, at_ms: int, row: Mapping[Any, Any]
) -> bytes:
    """What an entry vouches for, byte for byte."""
    value = {"at_ms": at_ms, "author": author, "kind": kind, "row": plain_row(row)}
    return canonical(value | {"row_id": row_id, "seq": seq})


def row_digest(kind: str, row: Mapping[Any, Any]) -> bytes:
    """The digest of a row that has no entry of its own but lies in a batch."""
    return sha256(canonical({"kind": kind, "row": plain_row(row)})).digest()


def batch_leaves(members: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """The leaves of a batch's tree: ids of its rows with their digests, in the order of the ids."""
    return [identity + digest for identity, digest in sorted(members)]


def batch_digest(members: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The digest of a batch: the root of a tree of its own.

    So one row can be shown without the ids of the others, which might let their values be guessed.
    """
    return root_of(batch_leaves(members))


def is_batch(digest: bytes, members: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether these are a batch's members; the first batches had a hash over their list."""
    leaves = batch_leaves(members)
    return digest in {root_of(leaves), sha256(b"".join(leaves)).digest()}


def link(prev: bytes, leaf: bytes) -> bytes:
    """The hash of the entry with this leaf after this one."""
    return sha256(prev + leaf).digest()


class Tree:
    """An RFC 9162 tree that grows; it remembers the roots of its complete subtrees only."""

    def __init__(self, size: int = 0, frontier: bytes = b"") -> None:
        assert len(frontier) == 32 * size.bit_count(), "one root for each bit of the size"
        self.size = size
        self._roots = [frontier[at : at + 32] for at in range(0, len(frontier), 32)]

    @property
    def frontier(self) -> bytes:
        """What is needed to go on from here: the roots of the complete subtrees, largest first."""
        return b"".join(self._roots)

    def push(self, leaf: bytes) -> None:
        """One more entry."""
        node, size = sha256(b"\x00" + leaf).digest(), self.size
        while size & 1:
            node, size = _node(self._roots.pop(), node), size >> 1
        self._roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree's root at this size."""
        if not self._roots:
            return EMPTY_ROOT
        *others, node = self._roots
        for left in reversed(others):
            node = _node(left, node)
        return node


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over these."""
    tree = Tree()
    for leaf in leaves:
        tree.push(leaf)
    return tree.root()


def proof(leaves: Iterator[bytes], size: int, places: Sequence[int]) -> list[bytes]:
    """What proves, with the leaves at these places (from 0, in order), the root of `size` leaves.

    One list for all of them: the roots of the subtrees that hold none, from the left. For one place
    these are the hashes of RFC 9162's inclusion path (2.1.3). `leaves` is read once, in order.
    """
    assert places, "a proof is of something"
    if size == 1:
        next(leaves)
        return []
    left = 1 << ((size - 1).bit_length() - 1)
    found: list[bytes] = []
    for first, count in ((0, left), (left, size - left)):
        inside = [place - first for place in places if first <= place < first + count]
        if inside:
            found += proof(leaves, count, inside)
        else:
            found.append(root_of(islice(leaves, count)))
    return found


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()
