"""Who is signed in: random tokens known to the database only as SHA-256, with two time limits."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from cloud_sync.ledger.tables import session, staff

IDLE_MS = 15 * 60 * 1000
ABSOLUTE_MS = 12 * 60 * 60 * 1000
_TOUCH_AFTER_MS = 30 * 1000  # last-seen may lag by this much, always to the strict side
_TOKEN_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A new session: the token goes into the cookie and is kept nowhere else."""

    token: str
    form_token: str


@dataclass(frozen=True, kw_only=True)
class Session:
    """A living session and whose it is."""

    token_hash: bytes
    form_token: str
    last_seen_ms: int
    staff_id: str
    username: str
    full_name: str
    role: str


def open_session(db: Connection, *, staff_id: str, at_ms: int, replaces: str | None) -> Opened:
    """Start a session under a token made here; one the browser brought along ends."""
    if replaces:
        close(db, replaces)
    prune(db, at_ms)
    opened = Opened(
        token=secrets.token_urlsafe(_TOKEN_BYTES), form_token=secrets.token_urlsafe(_TOKEN_BYTES)
    )
    db.execute(
        insert(session).values(
            token_hash=token_hash(opened.token),
            staff_id=staff_id,
            form_token=opened.form_token,
            created_at_ms=at_ms,
            last_seen_ms=at_ms,
        )
    )
    return opened


def find(db: Connection, token: str, at_ms: int) -> Session | None:
    """The session of this token if it is alive and its account is open."""
    rows = db.execute(
        select(
            session.c.token_hash,
            session.c.form_token,
            session.c.last_seen_ms,
            staff.c.id.label("staff_id"),
            staff.c.username,
            staff.c.full_name,
            staff.c.role,
        )
        .join(staff, staff.c.id == session.c.staff_id)
        .where(
            session.c.token_hash == token_hash(token),
            session.c.created_at_ms > at_ms - ABSOLUTE_MS,
            session.c.last_seen_ms > at_ms - IDLE_MS,
            staff.c.disabled_at_ms.is_(None),
        )
    )
    row = rows.mappings().first()
    return None if row is None else Session(**row)


def needs_touch(found: Session, at_ms: int) -> bool:
    """Whether last-seen is old enough to be worth a write."""
    return at_ms - found.last_seen_ms >= _TOUCH_AFTER_MS


def touch(db: Connection, found: Session, at_ms: int) -> None:
    """Push the idle limit out: somebody is working."""
    db.execute(
        update(session).where(session.c.token_hash == found.token_hash).values(last_seen_ms=at_ms)
    )


def close(db: Connection, token: str) -> None:
    """Sign out."""
    db.execute(delete(session).where(session.c.token_hash == token_hash(token)))


def close_all(db: Connection, staff_id: str) -> None:
    """End every session of an account: disabled, new password, other role."""
    db.execute(delete(session).where(session.c.staff_id == staff_id))


def prune(db: Connection, at_ms: int) -> None:
    """Forget sessions that no request could use any more."""
    db.execute(
        delete(session).where(
            (session.c.created_at_ms <= at_ms - ABSOLUTE_MS)
            | (session.c.last_seen_ms <= at_ms - IDLE_MS)
        )
    )


def token_hash(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()
