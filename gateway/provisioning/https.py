"""Two HTTPS requests to a clinic that is known by the hash of its authority's key alone.

First the authority's certificate is fetched from whoever answers and compared with the pin; then
the real request goes over a connection that accepts this authority only, with host name check.
No public authority is ever asked.
"""

import hashlib
import http.client
import ssl
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud_sync.contract.enrolment import PATH, Rejected

CA_PATH = f"{PATH}/ca.pem"
TIMEOUT_SECONDS = 20
_MAX_BYTES = 1_000_000


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the clinic's server said."""

    status: int
    body: bytes


def fetch_authority(url: str, pin: bytes) -> x509.Certificate | Rejected:
    """The clinic's authority, if its public key has the pinned hash."""
    stranger = _context()
    stranger.check_hostname = False
    stranger.verify_mode = ssl.CERT_NONE  # nothing is believed before the pin has been compared
    reply = _request(url, "GET", CA_PATH, stranger, b"")
    if isinstance(reply, Rejected):
        return reply
    try:
        found = x509.load_pem_x509_certificate(reply.body)
    except ValueError:
        return Rejected(
            error=f"there is no clinic server at {url}: check the address in the ticket"
        )
    if pin_of(found) != pin:
        return Rejected(
            error=f"the server at {url} is not the clinic that made this ticket. "
            "Do not go on; tell the clinic"
        )
    return found


def pin_of(certificate: x509.Certificate) -> bytes:
    """SHA-256 of the SubjectPublicKeyInfo."""
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).digest()


def post(url: str, path: str, body: bytes, authority: x509.Certificate) -> Reply | Rejected:
    """POST JSON to the clinic that this authority vouches for."""
    trusted = _context()
    trusted.load_verify_locations(cadata=authority.public_bytes(Encoding.PEM).decode())
    return _request(url, "POST", path, trusted, body)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def _request(
    url: str, method: str, path: str, context: ssl.SSLContext, body: bytes
) -> Reply | Rejected:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return Rejected(error="the ticket names no https address: ask the clinic for a new one")
    connection = http.client.HTTPSConnection(
        parts.hostname, parts.port, timeout=TIMEOUT_SECONDS, context=context
    )
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return Reply(status=answer.status, body=answer.read(_MAX_BYTES))
    except ssl.SSLCertVerificationError as error:
        return Rejected(
            error=f"the certificate of {parts.hostname} is not valid for it "
            f"({error.verify_message}). Check this hub's date and time, then tell the clinic"
        )
    except (OSError, http.client.HTTPException) as error:
        return Rejected(
            error=f"the clinic at {url} cannot be reached ({type(error).__name__}). "
            "Check this hub's network and that the clinic's server runs, then try again"
        )
    finally:
        connection.close()
