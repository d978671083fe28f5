"""The clinic's own certificate authority: P-256, one level, for its hubs and its own services.

From a hub's request only the public key is taken; subject, names and extensions are the clinic's.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HUB_DAYS = 90
SERVICE_DAYS = 397  # remade at every start of the server
AUTHORITY_DAYS = 3650
# A hub without a clock chip starts in the past; a certificate must not be "not yet valid" for it.
BACKDATED = timedelta(days=1)

_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
_AUTHORITY_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, kw_only=True)
class Authority:
    """The authority's key and certificate; issues, and knows nothing of databases."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def issue_hub(
        self, public: ec.EllipticCurvePublicKey, hub: str, now: datetime
    ) -> x509.Certificate:
        """A hub's client certificate: CN is the hub id, nothing else is promised."""
        return self._sign(_leaf(hub, public, now, HUB_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH))

    def issue_worker(
        self, public: ec.EllipticCurvePublicKey, name: str, now: datetime
    ) -> x509.Certificate:
        """A client certificate for one of the clinic's own services at the broker."""
        return self._sign(_leaf(name, public, now, SERVICE_DAYS, ExtendedKeyUsageOID.CLIENT_AUTH))

    def issue_server(
        self, public: ec.EllipticCurvePublicKey, host: str, now: datetime
    ) -> x509.Certificate:
        """A server certificate for the clinic's host, and for this machine by loopback."""
        names = dict.fromkeys((host, "localhost", "127.0.0.1"))
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
        leaf = _leaf(host, public, now, SERVICE_DAYS, ExtendedKeyUsageOID.SERVER_AUTH)
        return self._sign(leaf.add_extension(alternatives, critical=False))

    def _sign(self, leaf: x509.CertificateBuilder) -> x509.Certificate:
        return (
            leaf.issuer_name(self.certificate.subject)
            .add_extension(_authority_key_identifier(self.certificate), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def create_certificate(
    key: ec.EllipticCurvePrivateKey, clinic: str, now: datetime
) -> x509.Certificate:
    """The authority's own certificate; `clinic` is the clinic id."""
    name = f"vitals {clinic}"
    return (
        _builder(name, key.public_key(), now, AUTHORITY_DAYS)
        .issuer_name(_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_AUTHORITY_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )


def pin(certificate: x509.Certificate) -> bytes:
    """What a ticket carries: SHA-256 of the authority's SubjectPublicKeyInfo."""
    return sha256(
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).digest()


def pem(certificate: x509.Certificate) -> str:
    """The certificate as text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass(frozen=True, kw_only=True)
class Csr:
    """A signing request whose signature proves the key: its DER bytes and that key."""

    der: bytes
    public: ec.EllipticCurvePublicKey


def read_csr(text: str) -> Csr | Literal["csr"]:
    """The request's P-256 key, or "csr" where the text is none, unproved or of another kind."""
    try:
        request = x509.load_pem_x509_csr(text.encode())
        public = request.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey) or not request.is_signature_valid:
            return "csr"
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        return "csr"
    if not isinstance(public.curve, ec.SECP256R1):
        return "csr"
    return Csr(der=request.public_bytes(serialization.Encoding.DER), public=public)


def _leaf(
    common_name: str,
    public: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    return (
        _builder(common_name, public, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )


def _builder(
    common_name: str, public: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
