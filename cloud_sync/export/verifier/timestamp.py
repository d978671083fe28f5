"""Time-stamp tokens (RFC 3161 with RFC 5816, in a CMS SignedData of RFC 5652), strictly read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import new as new_hash

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate, load_der_x509_certificate

from cloud_sync.export.verifier.certificates import PathError, check_path, der
from cloud_sync.export.verifier.der import (
    INTEGER,
    NULL,
    OCTETS,
    OID,
    SEQUENCE,
    SET,
    TIME,
    Der,
    DerError,
    dotted,
    element,
    elements,
    expect,
    finished,
    integer,
    optional,
    take,
)

_SIGNED_DATA, _TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING, _SIGNING_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# Each signature algorithm with the hash it names; RSA alone leaves that to the digest algorithm.
_RSA = {
    "1.2.840.113549.1.1.1": None,
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA = {
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_ALGORITHMS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_MOMENT = re.compile(rb"(\d{14})(?:\.(\d{0,8}[1-9]))?Z")
_CONTEXT = (0xA0, 0xA1)


class TokenError(ValueError):
    """The token does not say what it should; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a sound token says."""

    at: datetime
    authority: str  # the subject of its certificate
    serial: int
    nonce: int | None


def read_token(token: bytes, content: bytes, trusted: Sequence[Certificate]) -> Stamp:
    """The stamp that a trusted authority set under `content`; TokenError where it did not."""
    try:
        return _token(token, content, trusted)
    except TokenError:
        raise
    except (DerError, PathError) as error:
        raise TokenError(str(error)) from None
    except Exception as error:  # noqa: BLE001 - altered certificates raise whatever they hit
        raise TokenError(f"it cannot be read: {type(error).__name__}") from None


def _token(token: bytes, content: bytes, trusted: Sequence[Certificate]) -> Stamp:
    data = _wrapped(elements(element(token, SEQUENCE).body), _SIGNED_DATA, SEQUENCE)
    rest = elements(data.body)
    if integer(take(rest, INTEGER)) != 3:
        raise TokenError("the version of the signed data is not 3")
    listed = [_hash_name(one) for one in elements(take(rest, SET).body)]
    info = _wrapped(elements(take(rest, SEQUENCE).body), _TST_INFO, OCTETS).body
    embedded = optional(rest, _CONTEXT[0])
    others = [_certificate(one) for one in elements(embedded.body if embedded else b"")]
    (signed_by,) = _exactly(1, elements(take(rest, SET).body), "signers")
    finished(rest)
    stamp = _info(info, content)
    signer, hash_name = _signer(signed_by, info, (*others, *trusted))
    if listed != [hash_name]:
        raise TokenError("the hashes it lists are not those it uses")
    check_path(signer, others, trusted, stamp.at)
    return replace(stamp, authority=signer.subject.rfc4514_string())


def _info(raw: bytes, content: bytes) -> Stamp:
    """TSTInfo (RFC 3161, 2.4.2), without who signed it."""
    rest = elements(element(raw, SEQUENCE).body)
    if integer(take(rest, INTEGER)) != 1:
        raise TokenError("the version of the time stamp is not 1")
    take(rest, OID)  # the authority's policy, which is its own affair
    imprint = elements(take(rest, SEQUENCE).body)
    hash_name = _hash_name(take(imprint, SEQUENCE))
    if take(imprint, OCTETS).body != new_hash(hash_name, content).digest():
        raise TokenError("it is the time stamp of something else")
    finished(imprint)
    serial = integer(take(rest, INTEGER))
    at = _moment(take(rest, TIME).body)
    optional(rest, SEQUENCE)  # accuracy
    ordering = optional(rest, 0x01)
    nonce = optional(rest, INTEGER)
    optional(rest, _CONTEXT[0])  # the authority's name: its certificate says it with proof
    finished(rest)
    if ordering is not None and ordering.body != b"\xff":
        raise TokenError("a default value is spelled out")
    answered = None if nonce is None else integer(nonce)
    return Stamp(at=at, authority="", serial=serial, nonce=answered)


def _signer(found: Der, info: bytes, known: Sequence[Certificate]) -> tuple[Certificate, str]:
    """SignerInfo (RFC 5652, 5.3): whose it is, after the check of attributes and signature."""
    rest = elements(expect(found, SEQUENCE).body)
    if integer(take(rest, INTEGER)) != 1:
        raise TokenError("the signer is not named by issuer and serial number")
    named = elements(take(rest, SEQUENCE).body)
    issuer, number = take(named, SEQUENCE).raw, integer(take(named, INTEGER))
    finished(named)
    hash_name = _hash_name(take(rest, SEQUENCE))
    attributes = take(rest, _CONTEXT[0])
    algorithm, signature = take(rest, SEQUENCE), take(rest, OCTETS).body
    finished(rest)  # unsigned attributes would be nobody's word
    signer = next(
        (
            one
            for one in known
            if one.serial_number == number and one.issuer.public_bytes() == issuer
        ),
        None,
    )
    if signer is None:
        raise TokenError("the signer's certificate is not there")
    _check_attributes(attributes.body, info, hash_name, signer)
    message = bytes([SET]) + attributes.raw[1:]  # as RFC 5652, 5.4 has it
    _check_signature(signer, algorithm, signature, message, hash_name)
    return signer, hash_name


def _check_attributes(body: bytes, info: bytes, hash_name: str, signer: Certificate) -> None:
    found: dict[str, Der] = {}
    for one in elements(body):
        parts = elements(expect(one, SEQUENCE).body)
        kind, values = dotted(take(parts, OID)), elements(take(parts, SET).body)
        finished(parts)
        (value,) = _exactly(1, values, "values of an attribute")
        if kind in found:
            raise TokenError("an attribute is there twice")
        found[kind] = value
    if _CONTENT_TYPE not in found or dotted(found[_CONTENT_TYPE]) != _TST_INFO:
        raise TokenError("the signed content is no time stamp")
    digest = new_hash(hash_name, info).digest()
    if _MESSAGE_DIGEST not in found or expect(found[_MESSAGE_DIGEST], OCTETS).body != digest:
        raise TokenError("the signature is over something else")
    if _SIGNING_V2 in found:
        _check_named(found[_SIGNING_V2], signer, None)
    elif _SIGNING in found:
        _check_named(found[_SIGNING], signer, "sha1")
    else:
        raise TokenError("the signature does not name its certificate")


def _check_named(value: Der, signer: Certificate, hash_name: str | None) -> None:
    """ESSCertID (RFC 2634, SHA-1) or ESSCertIDv2 (RFC 5035, SHA-256 unless it says another)."""
    listed = elements(take(elements(expect(value, SEQUENCE).body), SEQUENCE).body)
    first = elements(take(listed, SEQUENCE).body)
    chosen = optional(first, SEQUENCE) if hash_name is None else None
    used = hash_name or (_hash_name(chosen) if chosen else "sha256")
    if take(first, OCTETS).body != new_hash(used, der(signer)).digest():
        raise TokenError("the signature names another certificate")


def _check_signature(
    signer: Certificate, algorithm: Der, signature: bytes, message: bytes, hash_name: str
) -> None:
    kind, key = _algorithm(algorithm), signer.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and _RSA.get(kind, "") in {None, hash_name}:
            key.verify(signature, message, padding.PKCS1v15(), _ALGORITHMS[hash_name])
        elif isinstance(key, ec.EllipticCurvePublicKey) and _ECDSA.get(kind) == hash_name:
            key.verify(signature, message, ec.ECDSA(_ALGORITHMS[hash_name]))
        else:
            raise TokenError(f"its signature algorithm {kind} is not known here")
    except InvalidSignature:
        raise TokenError("the authority's signature is not under it") from None


def _wrapped(parts: list[Der], kind: str, tag: int) -> Der:
    """The contents of a ContentInfo of this kind."""
    if dotted(take(parts, OID)) != kind:
        raise TokenError("the token is not of the expected kind")
    inner = element(take(parts, _CONTEXT[0]).body, tag)
    finished(parts)
    return inner


def _algorithm(found: Der) -> str:
    parts = elements(expect(found, SEQUENCE).body)
    kind = dotted(take(parts, OID))
    nothing = optional(parts, NULL)
    finished(parts)
    if nothing is not None and nothing.body:
        raise TokenError("an algorithm has parameters that it cannot have")
    return kind


def _hash_name(found: Der) -> str:
    kind = _algorithm(found)
    if kind not in _HASHES:
        raise TokenError(f"its hash {kind} is not one to trust")
    return _HASHES[kind]


def _moment(text: bytes) -> datetime:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise TokenError("its time is not in the form of RFC 3161")
    try:
        whole = datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise TokenError("its time does not exist") from None
    return whole + timedelta(microseconds=int((found[2] or b"").ljust(6, b"0")[:6]))


def _certificate(found: Der) -> Certificate:
    return load_der_x509_certificate(expect(found, SEQUENCE).raw)


def _exactly(count: int, found: list[Der], what: str) -> list[Der]:
    if len(found) != count:
        raise TokenError(f"there are {len(found)} {what}, not {count}")
    return found
