"""Rows proven by the first checkpoint that has them, on both databases.

The arithmetic is in tests/cloud_sync/export/verifier/test_merkle.py, with values from outside.
"""

import json
from hashlib import sha256

import pytest
from sqlalchemy import insert, select

from cloud_sync.export.verifier.archive import json_text
from cloud_sync.export.verifier.ledger import Ledger, _sent
from cloud_sync.export.verifier.merkle import proven_root
from cloud_sync.ledger import (
    batches,
    chain,
    checkpoints,
    entries,
    evidence,
    proofs,
    time_tokens,
)
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.proofs import Proof, Unsigned
from cloud_sync.ledger.tables import batch, covered, envelope, patient, patient_detail
from cloud_sync.ledger.time_tokens import Kept
from tests.cloud_sync.ledger.test_evidence import NOW, fill, seal


def sign(size: int, root: bytes, _at_ms: int) -> str:
    return f"{size} {root.hex()}"


def of_first_patient(store: Store) -> Proof:
    """Its rows, and the envelope that came first."""
    with store.read() as db:
        one = db.execute(select(patient).limit(1)).mappings().one()
        details = select(patient_detail).where(patient_detail.c.patient_id == one["id"])
        first = select(envelope).where(envelope.c.seq == 1)
        return proofs.prove(
            db,
            {patient: [one], patient_detail: db.execute(details).mappings().all()},
            {envelope: db.execute(first).mappings().all()},
        )


def root_of(proof: Proof) -> bytes:
    leaves = {seq - 1: sha256(record).digest() for seq, record in proof.records.items()}
    return proven_root(proof.size, leaves, proof.hashes)


def test_rows_are_proven_and_the_proof_stays_the_same(store: Store) -> None:
    signed = fill(store)
    proof = of_first_patient(store)
    assert proof.size == min(signed)
    assert root_of(proof) == signed[proof.size]
    (one,) = proof.batches
    assert (one["kind"], one["size"], one["places"], len(one["rows"])) == ("envelope", 1, [0], 1)
    with store.write() as db:
        seal(db, 9)
    checkpoints.take(store, sign, NOW)
    assert of_first_patient(store) == proof


def test_a_stamped_checkpoint_is_preferred(store: Store) -> None:
    signed = fill(store)
    kept = Kept(
        size=max(signed), authority="a", trusted="pem", token=b"t", stamped_at_ms=1, taken_at_ms=2
    )
    with store.write() as db:
        time_tokens.keep(db, kept)
    proof = of_first_patient(store)
    assert (proof.size, [one.token for one in proof.tokens]) == (max(signed), [b"t"])
    assert root_of(proof) == signed[proof.size]


def test_what_no_checkpoint_has_is_not_proven(store: Store) -> None:
    fill(store)
    with store.write() as db:
        seal(db, 9)
    with store.read() as db:
        rows = db.execute(select(envelope)).mappings().all()
        with pytest.raises(Unsigned):
            proofs.prove(db, {}, {envelope: rows})
    batches.cover_all(store, NOW)
    with store.read() as db, pytest.raises(Unsigned):
        proofs.prove(db, {}, {envelope: rows})
    checkpoints.take(store, sign, NOW)
    with store.read() as db:
        proof = proofs.prove(db, {}, {envelope: rows})
    assert sum(len(one["rows"]) for one in proof.batches) == 5


def test_a_batch_of_before_is_proven_by_its_whole_list(store: Store) -> None:
    """The first batches had a hash over their list; verification still takes it."""
    with store.write() as db:
        seal(db, 0)
        seal(db, 1)
    with store.read() as db:
        rows = db.execute(batches.uncovered(envelope)).mappings().all()
    members = [(bytes(row["id"]), batches.digest(envelope, row)) for row in rows]
    listed = sha256(b"".join(i + d for i, d in sorted(members))).digest()
    assert chain.is_batch(listed, members)
    assert chain.is_batch(chain.batch_digest(members), members)
    assert not chain.is_batch(listed, members[:1])
    with store.write() as db:
        row = {"id": "b" * 32, "kind": "envelope", "size": 2, "digest": listed, "at_ms": NOW}
        entries.add(db, batch, row, author="checkpoint", at_ms=NOW)
        db.execute(
            insert(covered),
            [
                {"kind": "envelope", "row_id": i, "batch_id": "b" * 32, "digest": d}
                for i, d in members
            ],
        )
    checkpoints.take(store, sign, NOW)
    with store.read() as db:
        assert isinstance(evidence.verify(db, {}), evidence.Sound)
        sealed = db.execute(select(envelope).where(envelope.c.seq == 1)).mappings().all()
        proof = proofs.prove(db, {}, {envelope: sealed})
    (one,) = proof.batches
    assert (len(one["rows"]), len(one["members"]), "hashes" in one) == (1, 2, False)
    (record,) = proof.records.values()
    ledger = Ledger(entries={"batch": {"b" * 32: json.loads(record)["row"]}})
    assert list(_sent({"ledger/batches.jsonl": json_text(one)}, ledger)) == []
    assert list(ledger.sent["envelope"]) == [sealed[0]["id"].hex()]
    for false in (
        one | {"members": [*one["members"], "00" * 64]},
        one | {"members": one["members"][::-1]},
        one | {"members": [one["members"][0], "00" * 64]},
        one | {"rows": [one["rows"][0] | {"seq": 2}]},
    ):
        assert list(_sent({"ledger/batches.jsonl": json_text(false)}, ledger))
