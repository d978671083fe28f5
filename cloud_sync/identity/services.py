"""Certificates of the clinic's own services: broker, web, ingest worker, device service.

Keys and certificates are made anew at every start of the server, so none has to be renewed.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_sync.identity import access, authority, keys
from cloud_sync.identity.authority import Authority

_AUTHORITY_FILE = "ca.pem"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Files of a private key (mode 0600) and its certificate, PEM."""

    key: Path
    certificate: Path


@dataclass(frozen=True, kw_only=True)
class Services:
    """What each service of the clinic proves itself with, and the authority all of them trust."""

    authority: Path
    broker: Pair
    web: Pair
    ingest: Pair
    devices: Pair


def create_authority(directory: Path, clinic: str, now: datetime) -> None:
    """Write the authority's certificate over its key under `keys/`."""
    certificate = authority.create_certificate(keys.load_authority(directory / "keys"), clinic, now)
    (directory / _AUTHORITY_FILE).write_text(authority.pem(certificate))


def load_authority(directory: Path) -> Authority:
    """Key and certificate of the clinic's authority."""
    certificate = x509.load_pem_x509_certificate((directory / _AUTHORITY_FILE).read_bytes())
    return Authority(key=keys.load_authority(directory / "keys"), certificate=certificate)


def paths(directory: Path) -> Services:
    """Where the services' files lie."""
    return Services(
        authority=directory / _AUTHORITY_FILE,
        broker=_pair(directory, "broker"),
        web=_pair(directory, "web"),
        ingest=_pair(directory, "ingest"),
        devices=_pair(directory, "devices"),
    )


def issue(directory: Path, issuer: Authority, host: str, now: datetime) -> Services:
    """Make all of them anew."""
    found = paths(directory)
    for pair in (found.broker, found.web):
        key = _write_key(pair)
        _write_certificate(pair, issuer.issue_server(key.public_key(), host, now))
    for pair, user in ((found.ingest, access.INGEST), (found.devices, access.DEVICES)):
        key = _write_key(pair)
        _write_certificate(pair, issuer.issue_worker(key.public_key(), user, now))
    return found


def _pair(directory: Path, name: str) -> Pair:
    tls = directory / "tls"
    return Pair(key=tls / f"{name}.key", certificate=tls / f"{name}.pem")


def _write_key(pair: Pair) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    pair.key.parent.mkdir(mode=0o700, exist_ok=True)
    pair.key.unlink(missing_ok=True)
    keys.write_private(pair.key, keys.private_pem(key))
    return key


def _write_certificate(pair: Pair, certificate: x509.Certificate) -> None:
    pair.certificate.write_text(authority.pem(certificate))
