"""The people of the clinic: accounts, roles, passwords. An account is disabled, never deleted.

As whom somebody works, from when on, is `staff_details`; the account keeps how it was opened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from cloud_sync.ledger import passwords, registrations, staff_details
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.sessions import close_all
from cloud_sync.ledger.staff_details import BILLING_ROLES
from cloud_sync.ledger.tables import staff

ROLES = ("reader", "biller", "clinician", "admin", "auditor")
OPERATOR = "0" * 32  # whoever works at the server's own terminal, without an account
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


@dataclass(frozen=True, kw_only=True)
class Staff:
    """One account as pages and commands show it."""

    id: str
    username: str
    full_name: str
    role: str
    billing_role: str
    created_at_ms: int
    disabled_at_ms: int | None


def create(  # noqa: PLR0913 - named columns
    db: Connection,
    store: Store,
    *,
    username: str,
    full_name: str,
    role: str,
    billing_role: str,
    password: str,
    at_ms: int,
    details: Mapping[str, Any] | None = None,
    author: str = OPERATOR,
) -> str:
    """Open an account and return its id; Refused where a name is taken or a rule is broken.

    `details`: credential, employer and the like (`staff_details.FIELDS`), until a change.
    """
    username = username.strip().lower()
    _check_account(username, full_name, role, billing_role)
    passwords.check(password, username)
    statement = (
        store.insert(staff)
        .values(
            id=new_id(),
            username=username,
            full_name=full_name.strip(),
            role=role,
            billing_role=billing_role,
            password_hash=passwords.hashed(password),
            created_at_ms=at_ms,
        )
        .on_conflict_do_nothing(index_elements=["username"])
        .returning(staff.c.id)
    )
    created: str | None = db.execute(statement).scalar()
    if created is None:
        raise Refused(f"The user name {username} is taken.")
    registrations.record_account(db, created, author=author)
    staff_details.record(
        db,
        created,
        details or {},
        effective_from=staff_details.ALWAYS,
        reason="account opened",
        author=author,
        at_ms=at_ms,
    )
    return created


def _check_account(username: str, full_name: str, role: str, billing_role: str) -> None:
    if not _USERNAME.fullmatch(username):
        raise Refused("A user name has 2 to 32 of a-z, 0-9, dot, hyphen and underscore.")
    if not full_name.strip():
        raise Refused("The full name stands beside every minute in the record: give one.")
    if role not in ROLES:
        raise Refused(f"The role must be one of: {', '.join(ROLES)}.")
    if billing_role not in BILLING_ROLES:
        raise Refused(f"The billing role must be one of: {', '.join(BILLING_ROLES)}.")


def verify(db: Connection, username: str, password: str) -> str | None:
    """The id of the account that may sign in with this name and password."""
    row = db.execute(
        select(staff.c.id, staff.c.password_hash, staff.c.disabled_at_ms).where(
            staff.c.username == username.strip().lower()
        )
    ).first()
    # An unknown name costs the same hash, so that time tells nobody which names exist.
    right = passwords.matches(row.password_hash if row else _decoy(), password)
    if row is None or not right or row.disabled_at_ms is not None:
        return None
    identity: str = row.id
    return identity


@cache
def _decoy() -> str:
    return passwords.hashed("no account has this password")


def set_password(db: Connection, username: str, password: str) -> None:
    """Change a password; every session of the account ends."""
    account = by_username(db, username)
    passwords.check(password, account.username)
    password_hash = passwords.hashed(password)
    db.execute(update(staff).where(staff.c.id == account.id).values(password_hash=password_hash))
    close_all(db, account.id)


def disable(db: Connection, username: str, at_ms: int) -> None:
    """Close an account for good; its sessions end now, its record stays."""
    account = by_username(db, username)
    db.execute(
        update(staff)
        .where(staff.c.id == account.id, staff.c.disabled_at_ms.is_(None))
        .values(disabled_at_ms=at_ms)
    )
    close_all(db, account.id)


def by_username(db: Connection, username: str) -> Staff:
    """The account of this name, or Refused."""
    statement = select(staff).where(staff.c.username == username.strip().lower())
    row = db.execute(statement).mappings().first()
    if row is None:
        raise Refused(f"There is no account {username.strip()}; see the list of accounts.")
    return _account(row)


def everyone(db: Connection) -> list[Staff]:
    """All accounts by name, disabled ones too."""
    rows = db.execute(select(staff).order_by(staff.c.username)).mappings()
    return [_account(row) for row in rows]


def _account(row: RowMapping) -> Staff:
    return Staff(**{field.name: row[field.name] for field in fields(Staff)})
