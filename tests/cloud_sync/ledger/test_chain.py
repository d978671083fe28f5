"""The format of the evidence: known values, RFC 9162's structure, growth from a frontier."""

from datetime import date
from hashlib import sha256

import pytest

from cloud_sync.ledger import chain
from cloud_sync.ledger.chain import Tree

# The eight leaves of the test data of RFC 6962's reference implementation, and the roots of the
# trees over the first n of them: the hashing is RFC 9162's.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def tree(leaves: list[bytes]) -> Tree:
    made = Tree()
    for leaf in leaves:
        made.push(leaf)
    return made


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert tree(LEAVES[:size]).root().hex() == ROOTS[size]


def defined(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, as it is written."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = max(1 << k for k in range(20) if 1 << k < len(leaves))
    return sha256(b"\x01" + defined(leaves[:split]) + defined(leaves[split:])).digest()


def test_a_tree_that_goes_on_from_its_frontier_is_the_tree_by_definition() -> None:
    leaves = [sha256(bytes([n])).digest() for n in range(70)]
    for size in range(71):
        for more in (0, 1, 2, 5):
            first = tree(leaves[:size])
            later = Tree(first.size, first.frontier)
            for leaf in leaves[size : size + more]:
                later.push(leaf)
            assert later.root() == defined(leaves[: size + more])


def test_a_record_is_canonical_and_says_everything() -> None:
    row = {"id": "ab", "hash": b"\1\2", "born": date(1950, 1, 2), "none": None, "yes": True}
    made = chain.record(seq=7, kind="patient", row_id="ab", author="n", at_ms=9, row=row)
    assert made == (
        b'{"at_ms":9,"author":"n","kind":"patient","row":{"born":"1950-01-02","hash":"0102",'
        b'"id":"ab","yes":true},"row_id":"ab","seq":7}'
    )
    assert (
        chain.link(bytes(32), sha256(made).digest())
        == sha256(bytes(32) + sha256(made).digest()).digest()
    )


def test_a_batch_is_known_by_its_members_whatever_their_order() -> None:
    members = [(b"a" * 32, b"1" * 32), (b"b" * 32, b"2" * 32)]
    assert chain.batch_digest(members) == chain.batch_digest(members[::-1])
    assert chain.batch_digest(members) != chain.batch_digest(members[:1])
    assert chain.row_digest("opening", {"a": 1}) != chain.row_digest("envelope", {"a": 1})
