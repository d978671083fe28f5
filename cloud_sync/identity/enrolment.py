"""How a hub becomes a member: a one-time code for a technician, redeemed once by the hub itself."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509 import Certificate
from sqlalchemy import Connection, RowMapping, insert, select, update

from cloud_sync.contract import enrolment as contract
from cloud_sync.contract.enrolment import Rejected, Request
from cloud_sync.identity import authority
from cloud_sync.identity.authority import Authority, Csr
from cloud_sync.ledger import hub_keys, training
from cloud_sync.ledger.tables import enrolment_code, hub, hub_certificate

CODE_DAYS = 14
TRIES = 5
_DAY_MS = 86_400_000
_NO_CODE = Rejected(
    error="this code is unknown, used or expired: ask the clinic for a new enrolment ticket"
)
_NO_PROOF = Rejected(error="the keys in the request do not prove themselves: start enrolment again")


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """A hub that may enrol, and the code that exists in clear here only."""

    hub: str
    code: str


@dataclass(frozen=True, kw_only=True)
class Member:
    """A hub whose request was granted."""

    hub: str
    certificate_pem: str


def invite(db: Connection, label: str, at_ms: int) -> Invitation:
    """A new hub record with its one-time code; none in a training practice."""
    training.refuse_hubs(db)
    invitation = Invitation(hub=secrets.token_hex(16), code=_new_code())
    db.execute(
        insert(hub).values(
            id=invitation.hub, label=label, state="pending", created_at_ms=at_ms, link_up=False
        )
    )
    db.execute(
        insert(enrolment_code).values(
            code_hash=contract.code_hash(invitation.code),
            hub_id=invitation.hub,
            expires_at_ms=at_ms + CODE_DAYS * _DAY_MS,
            tries_left=TRIES,
        )
    )
    return invitation


def redeem(db: Connection, request: Request, issuer: Authority, at_ms: int) -> Member | Rejected:
    """Check the request and make the hub active, in the caller's transaction.

    A rejection is a value so that the try it used up is committed too. The same keys may ask
    again while the code is valid: the answer may have been lost on its way.
    """
    row = _claim(db, request, at_ms)
    if row is None:
        return _NO_CODE
    csr = authority.read_csr(request.csr_pem)
    if isinstance(csr, str) or not _proved(request, csr):
        _use_up(db, row, tries_left=row["tries_left"] - 1, used_at_ms=row["used_at_ms"])
        return _NO_PROOF
    _use_up(db, row, tries_left=row["tries_left"], used_at_ms=at_ms)
    db.execute(
        update(hub)
        .where(hub.c.id == row["hub_id"])
        .values(state="active", verify_key=request.verify_key, enrolled_at_ms=at_ms)
    )
    hub_keys.record(db, row["hub_id"], request.verify_key, at_ms)
    certificate = _certify(db, issuer, csr, row["hub_id"], at_ms)
    return Member(hub=row["hub_id"], certificate_pem=authority.pem(certificate))


def revoke(db: Connection, hub_id: str) -> bool:
    """Ingest believes this hub no more from this commit on; False where there is no such hub."""
    changed = db.execute(update(hub).where(hub.c.id == hub_id).values(state="revoked"))
    return changed.rowcount == 1


def _new_code() -> str:
    return "".join(secrets.choice(contract.CROCKFORD) for _ in range(contract.CODE_CHARACTERS))


def _claim(db: Connection, request: Request, at_ms: int) -> RowMapping | None:
    """The code's row, locked, if this request may use it."""
    row = (
        db.execute(
            select(
                enrolment_code.c.code_hash,
                enrolment_code.c.hub_id,
                enrolment_code.c.tries_left,
                enrolment_code.c.used_at_ms,
                hub.c.state,
                hub.c.verify_key,
            )
            .join_from(enrolment_code, hub)
            .where(
                enrolment_code.c.code_hash == contract.code_hash(request.code),
                enrolment_code.c.expires_at_ms > at_ms,
                enrolment_code.c.tries_left > 0,
            )
            .with_for_update()
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    fresh = row["state"] == "pending" and row["used_at_ms"] is None
    again = row["state"] == "active" and row["verify_key"] == request.verify_key
    return row if fresh or again else None


def _proved(request: Request, csr: Csr) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(request.verify_key)
        key.verify(request.proof, contract.proof_message(csr.der))
    except (ValueError, InvalidSignature):
        return False
    return True


def _use_up(db: Connection, row: RowMapping, *, tries_left: int, used_at_ms: int | None) -> None:
    db.execute(
        update(enrolment_code)
        .where(enrolment_code.c.code_hash == row["code_hash"])
        .values(tries_left=tries_left, used_at_ms=used_at_ms)
    )


def _certify(db: Connection, issuer: Authority, csr: Csr, hub_id: str, at_ms: int) -> Certificate:
    now = datetime.fromtimestamp(at_ms / 1000, UTC)
    certificate = issuer.issue_hub(csr.public, hub_id, now)
    db.execute(
        insert(hub_certificate).values(
            serial=f"{certificate.serial_number:x}",
            hub_id=hub_id,
            not_before_ms=_ms(certificate.not_valid_before_utc),
            not_after_ms=_ms(certificate.not_valid_after_utc),
        )
    )
    return certificate


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
