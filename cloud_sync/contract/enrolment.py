"""Enrolment: the ticket a technician carries, what the hub posts, what the clinic answers."""

import base64
import hashlib
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARACTERS = 20  # of 32 letters each: 100 bits
PATH = "/enrol"
_PROOF = b"rpm-enrol-v1\0"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """All a hub needs to find its clinic and trust nobody else.

    `url` is the clinic's HTTPS origin, `ca_pin` SHA-256 of the clinic authority's
    SubjectPublicKeyInfo, `root` the Ed25519 key that signs key sets, `code` single use.
    """

    url: str
    clinic: str
    ca_pin: bytes
    root: bytes
    code: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """POST body: the keys were made on the hub and only their public halves are here."""

    code: str
    csr_pem: str
    verify_key: bytes
    proof: bytes  # Ed25519 by verify_key over `proof_message(csr DER)`
    software: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What makes the hub a member of the clinic."""

    hub: str
    clinic: str
    certificate_pem: str
    ca_pem: str
    keyset: bytes
    broker_host: str
    broker_port: int


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """Why not, in words for the technician."""

    error: str


def normalise_code(typed: str) -> str:
    """What the technician meant: hyphens and spaces dropped, O, I and L read as digits."""
    text = "".join(c for c in typed.upper() if c not in "- ")
    return text.translate(str.maketrans("OIL", "011"))


def code_hash(code: str) -> bytes:
    """What the clinic keeps of a code."""
    return hashlib.sha256(b"rpm-code-v1\0" + normalise_code(code).encode()).digest()


def proof_message(csr_der: bytes) -> bytes:
    """What the envelope key signs to show that one hub holds both keys."""
    return _PROOF + hashlib.sha256(csr_der).digest()


def ticket_text(ticket: Ticket) -> str:
    """One line to print, scan or paste."""
    query = urlencode(
        {
            "url": ticket.url,
            "clinic": ticket.clinic,
            "ca": _b64(ticket.ca_pin),
            "root": _b64(ticket.root),
            "code": ticket.code,
        }
    )
    return f"vitals-enrol:?{query}"


def parse_ticket(text: str) -> Ticket | Rejected:
    """The ticket in a pasted or scanned line, or what is wrong with it."""
    parts = urlsplit(text.strip())
    fields = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if parts.scheme != "vitals-enrol":
        return Rejected(error="this is no enrolment ticket: it must begin with vitals-enrol:")
    try:
        ticket = Ticket(
            url=fields["url"],
            clinic=fields["clinic"],
            ca_pin=_unb64(fields["ca"]),
            root=_unb64(fields["root"]),
            code=normalise_code(fields["code"]),
        )
    except KeyError as missing:
        return Rejected(
            error=f"the ticket is cut short: {missing.args[0]} is missing; copy it whole"
        )
    except ValueError:
        return Rejected(error="the ticket is damaged: copy it again, whole")
    if len(ticket.code) != CODE_CHARACTERS or len(ticket.ca_pin) != 32 or len(ticket.root) != 32:
        return Rejected(error="the ticket is damaged: copy it again, whole")
    return ticket


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
