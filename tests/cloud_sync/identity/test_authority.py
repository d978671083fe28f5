from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from cloud_sync.identity import authority
from cloud_sync.identity.authority import Authority, Csr
from tests.support.clinic import NOW

HUB = "0f" * 16


@pytest.fixture(scope="module")
def issuer() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key=key, certificate=authority.create_certificate(key, "ab" * 16, NOW))


@pytest.fixture(scope="module")
def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def csr(key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "rpm/#")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def common_name(certificate: x509.Certificate) -> str:
    (attribute,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attribute.value)


def test_a_hostile_request_gives_its_key_and_nothing_else(
    issuer: Authority, key: ec.EllipticCurvePrivateKey
) -> None:
    asked = authority.read_csr(
        csr(
            key,
            x509.BasicConstraints(ca=True, path_length=None),
            x509.SubjectAlternativeName([x509.DNSName("clinic.example")]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        )
    )
    assert isinstance(asked, Csr)
    issued = issuer.issue_hub(asked.public, HUB, NOW)
    assert common_name(issued) == HUB
    assert issued.public_key() == key.public_key()
    constraints = issued.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value.ca, constraints.critical) == (False, True)
    purposes = issued.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        issued.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_hubs_certificate_lasts_ninety_days_and_tolerates_a_slow_clock(
    issuer: Authority, key: ec.EllipticCurvePrivateKey
) -> None:
    issued = issuer.issue_hub(key.public_key(), HUB, NOW)
    assert issued.not_valid_after_utc == NOW + timedelta(days=90)
    assert issued.not_valid_before_utc == NOW - timedelta(days=1)


@pytest.mark.parametrize("name", ["clinic.example", "localhost", "127.0.0.1"])
def test_a_server_certificate_verifies_for_each_of_its_names(
    issuer: Authority, key: ec.EllipticCurvePrivateKey, name: str
) -> None:
    issued = issuer.issue_server(key.public_key(), "clinic.example", NOW)
    subject: x509.GeneralName = x509.DNSName(name)
    if name == "127.0.0.1":
        subject = x509.IPAddress(__import__("ipaddress").ip_address(name))
    policy = PolicyBuilder().store(Store([issuer.certificate])).time(NOW)
    chain = policy.build_server_verifier(subject).verify(issued, [])  # type: ignore[arg-type]
    assert len(chain) == 2


def test_another_authority_verifies_nothing(key: ec.EllipticCurvePrivateKey) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    stranger = authority.create_certificate(other, "cd" * 16, NOW)
    mine = ec.generate_private_key(ec.SECP256R1())
    issuer = Authority(key=mine, certificate=authority.create_certificate(mine, "ab" * 16, NOW))
    issued = issuer.issue_server(key.public_key(), "localhost", NOW)
    verifier = PolicyBuilder().store(Store([stranger])).time(NOW)
    with pytest.raises(VerificationError):
        verifier.build_server_verifier(x509.DNSName("localhost")).verify(issued, [])


def _requests() -> dict[str, str]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    pem = serialization.Encoding.PEM
    curve = builder.sign(ec.generate_private_key(ec.SECP384R1()), hashes.SHA256())
    wide = builder.sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    edwards = builder.sign(ed25519.Ed25519PrivateKey.generate(), None)
    good = csr(ec.generate_private_key(ec.SECP256R1()))
    lines = good.splitlines()
    unproved = x509.load_pem_x509_csr(good.encode()).public_bytes(serialization.Encoding.DER)
    broken = unproved[:-1] + bytes([unproved[-1] ^ 1])
    base64 = __import__("base64").encodebytes(broken).decode()
    return {
        "empty": "",
        "no request": "hello",
        "P-384": curve.public_bytes(pem).decode(),
        "RSA": wide.public_bytes(pem).decode(),
        "Ed25519": edwards.public_bytes(pem).decode(),
        "cut": "\n".join([*lines[:2], lines[-1]]),
        "signature changed": f"{lines[0]}\n{base64}{lines[-1]}\n",
    }


@pytest.mark.parametrize(("why", "text"), _requests().items())
def test_a_request_that_proves_no_p256_key_is_refused(why: str, text: str) -> None:
    assert authority.read_csr(text) == "csr", why
