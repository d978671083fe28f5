import re

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from cloud_sync.contract import enrolment as contract
from cloud_sync.contract.enrolment import Rejected
from cloud_sync.identity import authority, enrolment
from cloud_sync.identity.authority import Authority
from cloud_sync.identity.enrolment import Member
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import enrolment_code, hub, hub_certificate, hub_key
from tests.support.clinic import NOW, NOW_MS
from tests.support.hubs import hub_request

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def issuer() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key=key, certificate=authority.create_certificate(key, "ab" * 16, NOW))


@pytest.fixture(scope="module")
def signing() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def tls() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def invite(store: Store) -> enrolment.Invitation:
    with store.write() as db:
        return enrolment.invite(db, "kitchen", NOW_MS)


def redeem(
    store: Store, request: contract.Request, issuer: Authority, at_ms: int = NOW_MS
) -> Member | Rejected:
    with store.write() as db:
        return enrolment.redeem(db, request, issuer, at_ms)


def test_a_code_has_a_hundred_bits_and_is_not_stored(store: Store) -> None:
    codes = {invite(store).code for _ in range(20)}
    assert len(codes) == 20
    assert all(re.fullmatch(f"[{contract.CROCKFORD}]{{20}}", code) for code in codes)
    with store.read() as db:
        stored = b"".join(db.scalars(select(enrolment_code.c.code_hash)))
    assert not any(code.encode() in stored for code in codes)


def test_the_right_code_makes_the_hub_a_member(
    store: Store, issuer: Authority, signing: Ed25519PrivateKey, tls: ec.EllipticCurvePrivateKey
) -> None:
    invitation = invite(store)
    spoken = "-".join(re.findall(".{5}", invitation.code.lower())).replace("0", "o")
    member = redeem(store, hub_request(spoken, signing, tls), issuer)
    assert isinstance(member, Member)
    certificate = x509.load_pem_x509_certificate(member.certificate_pem.encode())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == member.hub == invitation.hub
    with store.read() as db:
        row = db.execute(select(hub)).one()
        serial = db.scalar(select(hub_certificate.c.serial))
        recorded = db.execute(select(hub_key)).one()
    assert (recorded.hub_id, recorded.verify_key) == (row.id, row.verify_key)
    assert (row.state, row.enrolled_at_ms) == ("active", NOW_MS)
    assert bytes(row.verify_key) == signing.public_key().public_bytes_raw()
    assert serial == f"{certificate.serial_number:x}"


def test_a_used_code_serves_the_same_keys_again_and_no_others(
    store: Store, issuer: Authority, signing: Ed25519PrivateKey, tls: ec.EllipticCurvePrivateKey
) -> None:
    invitation = invite(store)
    request = hub_request(invitation.code, signing, tls)
    assert isinstance(redeem(store, request, issuer), Member)
    assert isinstance(redeem(store, request, issuer), Member), "the answer was lost on its way"
    thief = hub_request(invitation.code, Ed25519PrivateKey.generate(), tls)
    assert isinstance(redeem(store, thief, issuer), Rejected)


def test_codes_that_are_wrong_expired_or_of_a_revoked_hub_issue_nothing(
    store: Store, issuer: Authority, signing: Ed25519PrivateKey, tls: ec.EllipticCurvePrivateKey
) -> None:
    invitation = invite(store)
    request = hub_request(invitation.code, signing, tls)
    wrong = msgspec.structs.replace(request, code="0" * 20)
    assert isinstance(redeem(store, wrong, issuer), Rejected)
    late = redeem(store, request, issuer, NOW_MS + 14 * DAY_MS)
    assert isinstance(late, Rejected)
    with store.write() as db:
        assert enrolment.revoke(db, invitation.hub)
    assert isinstance(redeem(store, request, issuer), Rejected)
    with store.read() as db:
        assert db.execute(select(hub_certificate)).all() == []


def test_five_unproved_requests_use_a_code_up(
    store: Store, issuer: Authority, signing: Ed25519PrivateKey, tls: ec.EllipticCurvePrivateKey
) -> None:
    invitation = invite(store)
    good = hub_request(invitation.code, signing, tls)
    unproved = msgspec.structs.replace(good, proof=bytes(64))
    for _ in range(enrolment.TRIES):
        assert isinstance(redeem(store, unproved, issuer), Rejected)
    assert isinstance(redeem(store, good, issuer), Rejected)


@pytest.mark.parametrize(
    "change",
    [
        {"proof": b""},
        {"verify_key": b"short"},
        {"csr_pem": "no request"},
        {"verify_key": bytes(32)},
    ],
    ids=["no proof", "short key", "no request", "another key"],
)
def test_a_request_that_does_not_prove_its_keys_is_rejected_but_may_be_repeated(
    store: Store,
    issuer: Authority,
    signing: Ed25519PrivateKey,
    tls: ec.EllipticCurvePrivateKey,
    change: dict[str, object],
) -> None:
    good = hub_request(invite(store).code, signing, tls)
    assert isinstance(redeem(store, msgspec.structs.replace(good, **change), issuer), Rejected)
    assert isinstance(redeem(store, good, issuer), Member)


def test_revoking_what_does_not_exist_says_so(store: Store) -> None:
    with store.write() as db:
        assert not enrolment.revoke(db, "00" * 16)
