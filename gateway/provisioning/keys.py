"""The hub's two keys, made on the hub and never leaving it: P-256 for TLS, Ed25519 to sign."""

from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from cloud_sync.contract import enrolment
from gateway.files import write_atomic

_PRIVATE = 0o600


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Public halves, and what proves that one hub holds both private ones."""

    csr_pem: str
    tls_public: ec.EllipticCurvePublicKey
    verify_key: bytes
    proof: bytes


def identity(*, tls_key: Path, signing_key: Path) -> Identity:
    """From the keys in these files, made where they are missing.

    A repeated enrolment after a crash therefore speaks of the same keys.
    """
    signing, tls = _signing_key(signing_key), _tls_key(tls_key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub")])  # the clinic names it
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(tls, hashes.SHA256())
    return Identity(
        csr_pem=signed.public_bytes(Encoding.PEM).decode(),
        tls_public=tls.public_key(),
        verify_key=signing.public_key().public_bytes_raw(),
        proof=signing.sign(enrolment.proof_message(signed.public_bytes(Encoding.DER))),
    )


def _signing_key(path: Path) -> Ed25519PrivateKey:
    if not path.exists():
        write_atomic(path, Ed25519PrivateKey.generate().private_bytes_raw(), _PRIVATE)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def _tls_key(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_atomic(path, pem, _PRIVATE)
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
