"""The path from a time-stamp authority's certificate to one that the practice trusts.

RFC 5280, as far as a time-stamp needs it, and RFC 3161, 2.3: a critical extended key usage that is
time stamping and nothing else. Revocation is not asked for: a packet is checked without a network.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import BasicConstraints, Certificate, ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

_LONGEST_PATH = 6
_UNDERSTOOD = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.CERTIFICATE_POLICIES,  # any policy will do
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
}


class PathError(ValueError):
    """There is no path of certificates to the trusted one."""


def check_path(
    signer: Certificate,
    others: Sequence[Certificate],
    trusted: Sequence[Certificate],
    at: datetime,
) -> None:
    """PathError unless one of `trusted` is, or vouches for, this time-stamp signer at `at`."""
    _check_signer(signer)
    known = {der(one) for one in trusted}
    current, below = signer, 0
    for _step in range(_LONGEST_PATH):
        _check_period(current, at)
        if der(current) in known:
            return
        issuer = next((one for one in (*trusted, *others) if _issued(one, current)), None)
        if issuer is None:
            break
        _check_issuer(issuer, below)
        current, below = issuer, below + 1
    raise PathError("no trusted certificate vouches for the authority's")


def der(certificate: Certificate) -> bytes:
    """The certificate's bytes."""
    return certificate.public_bytes(Encoding.DER)


def _check_signer(signer: Certificate) -> None:
    usage = _extension(signer, ExtendedKeyUsage)
    if usage is None or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise PathError("the certificate is not for time stamping alone")
    if not usage.critical:
        raise PathError("the certificate's extended key usage is not critical")
    keys = _extension(signer, KeyUsage)
    if keys is not None and not (keys.value.digital_signature or keys.value.content_commitment):
        raise PathError("the certificate's key may not sign")


def _check_issuer(issuer: Certificate, below: int) -> None:
    basic, keys = _extension(issuer, BasicConstraints), _extension(issuer, KeyUsage)
    if basic is None or not basic.value.ca:
        raise PathError("an issuer's certificate is not one of an authority")
    if basic.value.path_length is not None and basic.value.path_length < below:
        raise PathError("the path of certificates is longer than its issuer allows")
    if keys is not None and not keys.value.key_cert_sign:
        raise PathError("an issuer's key may not sign certificates")


def _check_period(certificate: Certificate, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise PathError("a certificate was not valid at the time of the stamp")
    for one in certificate.extensions:
        if one.critical and one.oid not in _UNDERSTOOD:
            raise PathError(f"a certificate has a critical extension {one.oid.dotted_string}")


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return der(issuer) != der(certificate)


def _extension(certificate: Certificate, kind: type) -> Any:  # noqa: ANN401 - an extension of that kind
    return next((one for one in certificate.extensions if isinstance(one.value, kind)), None)
