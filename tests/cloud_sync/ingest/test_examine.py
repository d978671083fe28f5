import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, strategies as st

from cloud_sync.contract import topics
from cloud_sync.contract.receipt import Reason
from cloud_sync.ingest.examine import Claim, Facts, HubFacts, Sound, Unsound, examine
from tests.support.hubs import Hub, loose_hub

HUB = loose_hub()
OTHER = loose_hub()
GOOD = HUB.seal(1, b"a reading")
FACTS = Facts(
    clinic=bytes.fromhex(HUB.keyset.clinic),
    hubs={HUB.id: HubFacts(active=True, verify_key=HUB.signing.public_key().public_bytes_raw())},
    keys={r.id: r.suite for r in HUB.keyset.recipients},
    min_suite=1,
)


def one(raw: bytes, facts: Facts = FACTS, hub: Hub = HUB) -> Sound | Unsound:
    (found,) = examine(topics.up(hub.id), topics.join([raw]), facts)
    return found


def reason(found: Sound | Unsound) -> Reason:
    return found.reason if isinstance(found, Unsound) else Reason.NONE


def test_an_active_hubs_envelope_is_sound_in_every_suite() -> None:
    for suite in (1, 2, 3):
        found = one(HUB.seal(5, b"a reading", suite=suite))
        assert isinstance(found, Sound)
        assert (found.hub, found.envelope.header.seq) == (HUB.id, 5)


FORGED = Hub(id=HUB.id, signing=Ed25519PrivateKey.generate(), keyset=HUB.keyset)
CASES = {
    "forged signature": (FORGED.seal(3, b"x"), Reason.BAD_SIGNATURE),
    "last bit changed": (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), Reason.BAD_SIGNATURE),
    "another clinic": (HUB.seal(3, b"x", clinic=bytes(16)), Reason.WRONG_CLINIC),
    "unknown recipient key": (HUB.seal(3, b"x", key_id=1), Reason.UNKNOWN_KEY),
    "bad magic": (b"RPM2" + GOOD[4:], Reason.MALFORMED),
    "flags set": (GOOD[:7] + b"\1" + GOOD[8:], Reason.MALFORMED),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_what_fails_a_check_is_refused_by_name(raw: bytes, expected: Reason) -> None:
    found = one(raw)
    assert isinstance(found, Unsound)
    assert (found.reason, found.body, found.hub) == (expected, raw, HUB.id)
    assert found.claim == Claim(epoch=7, seq=struct.unpack_from(">Q", raw, 44)[0])


def test_another_hubs_envelope_is_refused_without_a_receipt() -> None:
    found = one(OTHER.seal(1, b"x"))
    assert isinstance(found, Unsound)
    assert (found.reason, found.claim) == (Reason.WRONG_HUB, None)


@pytest.mark.parametrize(
    "facts", [HubFacts(active=False, verify_key=bytes(32)), HubFacts(active=True, verify_key=None)]
)
def test_a_hub_that_is_not_active_is_refused_before_its_signature_is_looked_at(
    facts: HubFacts,
) -> None:
    inactive = Facts(clinic=FACTS.clinic, hubs={HUB.id: facts}, keys=FACTS.keys, min_suite=1)
    assert reason(one(GOOD, inactive)) is Reason.HUB_NOT_ACTIVE


def test_a_suite_below_the_minimum_is_refused() -> None:
    strict = Facts(clinic=FACTS.clinic, hubs=FACTS.hubs, keys=FACTS.keys, min_suite=2)
    assert reason(one(HUB.seal(3, b"x", suite=1), strict)) is Reason.SUITE_NOT_ALLOWED
    assert reason(one(HUB.seal(3, b"x", suite=2), strict)) is Reason.NONE


def test_a_key_of_another_suite_is_refused() -> None:
    hybrid = HUB.keyset.recipient(2)
    assert hybrid is not None
    assert reason(one(HUB.seal(3, b"x", suite=1, key_id=hybrid.id))) is Reason.UNKNOWN_KEY


def test_a_message_that_cannot_be_placed_is_kept_whole() -> None:
    wrong = "rpm/{}/{}/up".format("0" if topics.shard(HUB.id) != "0" else "1", HUB.id)
    for topic, payload, why in (
        (wrong, topics.join([GOOD]), "wrong_topic"),
        (topics.up(OTHER.id), topics.join([GOOD]), "unknown_hub"),
        (topics.up(HUB.id), b"\0\1", "misframed"),
        (topics.up(HUB.id), b"", "misframed"),
    ):
        (found,) = examine(topic, payload, FACTS)
        assert isinstance(found, Unsound)
        assert (found.why, found.body, found.claim) == (why, payload, None)


def test_one_bad_envelope_does_not_disturb_the_others() -> None:
    parts = [HUB.seal(1, b"a"), b"short", HUB.seal(2, b"b")]
    found = examine(topics.up(HUB.id), topics.join(parts), FACTS)
    assert [reason(item) for item in found] == [Reason.NONE, Reason.MALFORMED, Reason.NONE]


@given(payload=st.binary(max_size=100))
def test_noise_is_never_sound_and_never_raises(payload: bytes) -> None:
    found = examine(topics.up(HUB.id), payload, FACTS)
    assert found
    assert all(isinstance(item, Unsound) for item in found)
