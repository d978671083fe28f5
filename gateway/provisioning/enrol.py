"""Enrolment: a ticket in, a hub that belongs to its clinic out. May be repeated after a crash.

Keys are made first and kept; `hub.json` is written last: while it is missing, nothing runs.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from cloud_sync.contract import enrolment
from cloud_sync.contract.enrolment import Answer, Rejected, Ticket
from gateway import trust
from gateway.config import HubConfig, Layout, NotEnrolled, load, save, software
from gateway.files import write_atomic
from gateway.provisioning import https, keys

_DAMAGED = Rejected(
    error="the clinic's answer does not fit the ticket: nothing was changed. Tell the clinic"
)
_OK = 200


class Place(Layout):
    """A state directory that is not enrolled yet."""

    __slots__ = ("directory",)

    def __init__(self, directory: Path) -> None:
        self.directory = directory


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The hub belongs to the clinic; `fresh` unless it did before."""

    config: HubConfig
    fresh: bool


def enrol(ticket_text: str, directory: Path) -> Enrolled | Rejected:
    """Make keys, ask the clinic, check its answer, write the state directory."""
    ticket = enrolment.parse_ticket(ticket_text)
    if isinstance(ticket, Rejected):
        return ticket
    present = _present(directory, ticket)
    if present is not None:
        return present
    place = Place(directory)
    identity = keys.identity(tls_key=place.tls_key, signing_key=place.signing_key)
    authority = https.fetch_authority(ticket.url, ticket.ca_pin)
    if isinstance(authority, Rejected):
        return authority
    answer = _ask(ticket, identity, authority)
    if isinstance(answer, Rejected):
        return answer
    config = _config(directory, answer, ticket)
    if config is None or not _fits(answer, ticket, identity, authority, config):
        return _DAMAGED
    _write(config, answer, ticket, authority)
    return Enrolled(config=config, fresh=True)


def _present(directory: Path, ticket: Ticket) -> Enrolled | Rejected | None:
    try:
        config = load(directory)
    except NotEnrolled:
        return None
    if config.clinic == ticket.clinic:
        return Enrolled(config=config, fresh=False)
    return Rejected(
        error=f"this hub is already enrolled with another clinic. Its readings in {directory} are "
        "sealed to that clinic; use a new state directory for the new one"
    )


def _ask(ticket: Ticket, identity: keys.Identity, authority: x509.Certificate) -> Answer | Rejected:
    request = enrolment.Request(
        code=ticket.code,
        csr_pem=identity.csr_pem,
        verify_key=identity.verify_key,
        proof=identity.proof,
        software=software(),
    )
    body = msgspec.json.encode(request)
    reply = https.post(ticket.url, enrolment.PATH, body, authority)
    if isinstance(reply, Rejected):
        return reply
    try:
        if reply.status == _OK:
            return msgspec.json.decode(reply.body, type=Answer)
        said = msgspec.json.decode(reply.body, type=Rejected).error
        return Rejected(error=f"the clinic says: {_plain(said)}")
    except msgspec.MsgspecError:
        return Rejected(
            error=f"the clinic's server answered with status {reply.status} and no reason: "
            "try again later, then tell the clinic"
        )


def _config(directory: Path, answer: Answer, ticket: Ticket) -> HubConfig | None:
    values = {
        "directory": directory,
        "hub": answer.hub,
        "clinic": ticket.clinic,
        "broker_host": answer.broker_host or urlsplit(ticket.url).hostname,
        "broker_port": answer.broker_port,
    }
    try:
        return msgspec.convert(values, HubConfig)
    except msgspec.MsgspecError:
        return None


def _fits(
    answer: Answer,
    ticket: Ticket,
    identity: keys.Identity,
    authority: x509.Certificate,
    config: HubConfig,
) -> bool:
    """Whether everything in the answer hangs on the ticket's pins and on our own keys."""
    root = Ed25519PublicKey.from_public_bytes(ticket.root)
    if answer.clinic != ticket.clinic or trust.usable(answer.keyset, config, root) is None:
        return False
    try:
        certificate = x509.load_pem_x509_certificate(answer.certificate_pem.encode())
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ours = certificate.public_key() == identity.tls_public
    return ours and [name.value for name in names] == [answer.hub]


def _write(config: HubConfig, answer: Answer, ticket: Ticket, authority: x509.Certificate) -> None:
    write_atomic(config.clinic_ca, authority.public_bytes(Encoding.PEM))
    write_atomic(config.root, ticket.root)
    write_atomic(config.keysets[0], answer.keyset)
    write_atomic(config.certificate, answer.certificate_pem.encode())
    save(config)


def _plain(text: str) -> str:
    """A stranger's words, fit for a terminal."""
    return re.sub(r"[^\x20-\x7e]", "?", text)[:300]
