from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import receipt, topics
from cloud_sync.contract.receipt import Reason, Receipt
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.ingest.answer import receipts
from cloud_sync.ingest.examine import Examined, Facts, HubFacts, examine
from cloud_sync.ingest.store import Fate
from tests.support.hubs import forge, loose_hub

HUB = loose_hub()
SIGNER = ReceiptSigner(id=9, key=Ed25519PrivateKey.generate())
FACTS = Facts(
    clinic=bytes.fromhex(HUB.keyset.clinic),
    hubs={HUB.id: HubFacts(active=True, verify_key=HUB.signing.public_key().public_bytes_raw())},
    keys={r.id: r.suite for r in HUB.keyset.recipients},
    min_suite=1,
)


def found(*raws: bytes) -> list[Examined]:
    return examine(topics.up(HUB.id), topics.join(raws), FACTS)


def answered(items: list[Examined], fate: Fate) -> list[Receipt]:
    made = []
    for topic, raw in receipts(items, fate, SIGNER, 1234):
        assert topic == topics.ack(HUB.id)
        verified = receipt.verify(raw, {9: SIGNER.key.public_key()})
        assert verified is not None
        made.append(verified)
    return made


def test_each_envelope_is_answered_with_what_became_of_it() -> None:
    raws = [HUB.seal(seq, b"x") for seq in (1, 2, 3)]
    forged = forge(HUB.seal(4, b"x"))
    ids = [sha256(raw).digest() for raw in raws]
    fate = Fate(new=frozenset(ids[:1]), old=frozenset(ids[1:2]))
    (made,) = answered(found(*raws, forged), fate)
    assert (made.hub, made.epoch, made.committed_at_ms) == (bytes.fromhex(HUB.id), 7, 1234)
    assert [(e.seq, e.envelope_id, e.status.name, e.reason) for e in made.entries] == [
        (1, ids[0], "STORED", Reason.NONE),
        (2, ids[1], "ALREADY_STORED", Reason.NONE),
        (3, ids[2], "REFUSED", Reason.SEQUENCE_REUSED),
        (4, sha256(forged).digest(), "REFUSED", Reason.BAD_SIGNATURE),
    ]


def test_each_epoch_of_a_message_has_its_own_receipt() -> None:
    raws = [HUB.seal(1, b"x", epoch=epoch) for epoch in (7, 8)]
    fate = Fate(new=frozenset(sha256(raw).digest() for raw in raws), old=frozenset())
    assert [made.epoch for made in answered(found(*raws), fate)] == [7, 8]


def test_a_full_message_is_answered_by_one_receipt() -> None:
    raws = [HUB.seal(seq, b"x", suite=1) for seq in range(1, 21)]
    fate = Fate(new=frozenset(sha256(raw).digest() for raw in raws), old=frozenset())
    (made,) = answered(found(*raws), fate)
    assert len(made.entries) == 20


def test_what_names_no_hub_or_number_is_not_answered() -> None:
    stranger = loose_hub().seal(1, b"x")
    nothing = Fate(new=frozenset(), old=frozenset())
    assert answered(found(stranger, b"short"), nothing) == []
    assert answered(examine(topics.up(HUB.id), b"\0", FACTS), nothing) == []
