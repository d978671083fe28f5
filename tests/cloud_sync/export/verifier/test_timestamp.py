"""Tokens of a real authority (`openssl ts`), whole and altered.

Through it: cloud_sync.export.verifier.der, cloud_sync.export.verifier.certificates.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import load_pem_x509_certificates
from cryptography.x509.oid import ExtendedKeyUsageOID

from cloud_sync.export.verifier.timestamp import Stamp, TokenError, read_token
from cloud_sync.stamping import _token, request
from tests.support import tsa
from tests.support.tsa import Authority

NOTE = b"vitals-gateway/cc\n7\nroot\n"
NONCE = 0x80FF_0000_1234_5678


def stamped(authority: Authority, content: bytes = NOTE) -> bytes:
    return _token(authority.answer(request(content, NONCE)))


def read(token: bytes, authority: Authority, content: bytes = NOTE) -> Stamp:
    return read_token(token, content, load_pem_x509_certificates(authority.root_pem.encode()))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return tsa.make(tmp_path_factory.mktemp("tsa") / "one")


def test_a_real_token_says_when(authority: Authority) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    found = read(stamped(authority), authority)
    assert found.authority == "CN=Constructed stamps"
    assert before <= found.at <= datetime.now(UTC)
    assert (found.nonce, found.serial > 0) == (NONCE, True)


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_the_keys_and_hashes_in_use(tmp_path: Path, digest: str, kind: str) -> None:
    key: tsa.Key = ec.generate_private_key(ec.SECP384R1())
    if kind == "rsa":
        key = rsa.generate_private_key(65537, 2048)
    made = tsa.make(tmp_path / "tsa", digest=digest, signer_key=key)
    assert read(stamped(made), made).nonce == NONCE


@pytest.mark.parametrize("named_by", ["sha1", "sha512"])
def test_a_certificate_named_in_the_old_way_or_by_another_hash(
    tmp_path: Path, named_by: str
) -> None:
    made = tsa.make(tmp_path / "tsa", named_by=named_by)
    assert read(stamped(made), made).nonce == NONCE


def test_the_trusted_certificate_may_be_the_signers_own(authority: Authority) -> None:
    own = load_pem_x509_certificates((authority.room / "signer.pem").read_bytes())
    assert read_token(stamped(authority), NOTE, own).nonce == NONCE


def test_every_altered_byte_is_found(tmp_path: Path) -> None:
    """Where the token carries no more certificates than it needs, each byte of it matters."""
    made = tsa.make(tmp_path / "tsa", signed_by_root=True)
    token = stamped(made)
    assert read(token, made)
    for place in range(len(token)):
        for bit in (0, 3, 7):
            changed = bytearray(token)
            changed[place] ^= 1 << bit
            with pytest.raises(TokenError):
                read(bytes(changed), made)
    for cut in range(0, len(token), 7):
        with pytest.raises(TokenError):
            read(token[:cut], made)
    with pytest.raises(TokenError):
        read(token + b"\0", made)


def test_other_content_is_not_what_was_stamped(authority: Authority) -> None:
    with pytest.raises(TokenError, match="something else"):
        read(stamped(authority), authority, NOTE + b"x")


def test_another_root_does_not_vouch_for_it(authority: Authority, tmp_path: Path) -> None:
    other = tsa.make(tmp_path / "tsa")
    with pytest.raises(TokenError, match="no trusted certificate"):
        read(stamped(authority), other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"usages": (ExtendedKeyUsageOID.CLIENT_AUTH,)}, "for time stamping alone"),
        ({"usages": ()}, "for time stamping alone"),
        (
            {"usages": (*tsa.STAMPING, ExtendedKeyUsageOID.CLIENT_AUTH)},
            "for time stamping alone",
        ),
        ({"critical": False}, "not critical"),
    ],
)
def test_a_certificate_for_something_else_does_not_stamp(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    """openssl itself refuses to sign with such a one: the path is asked directly."""
    from cloud_sync.export.verifier.certificates import PathError, check_path

    made = tsa.make(tmp_path / "tsa", **changes)  # type: ignore[arg-type]
    (signer,) = load_pem_x509_certificates((made.room / "signer.pem").read_bytes())
    others = load_pem_x509_certificates((made.room / "chain.pem").read_bytes())
    trusted = load_pem_x509_certificates(made.root_pem.encode())
    with pytest.raises(PathError, match=words):
        check_path(signer, others, trusted, datetime.now(UTC))


def test_a_certificate_that_had_ended_does_not_stamp(tmp_path: Path) -> None:
    made = tsa.make(tmp_path / "tsa", until=datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(TokenError, match="not valid at the time"):
        read(stamped(made), made)


@pytest.mark.parametrize("raw", [b"", b"\x30\x00", b"\x30\x80\x00\x00", b"\x30\x81\x01\x00", b"x"])
def test_what_is_no_token_is_said_to_be_none(authority: Authority, raw: bytes) -> None:
    with pytest.raises(TokenError):
        read(raw, authority)
