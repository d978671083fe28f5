"""Staff, their sessions, and what they looked at."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from cloud_sync.ledger.tables.base import HEX32, metadata

staff = Table(  # of an account only its password and its end change: the database sees to it
    "staff",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("full_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("billing_role", String(16), nullable=False),  # as the case file's `staff.role`
    Column("password_hash", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("disabled_at_ms", BigInteger),
)

account_opening = Table(  # append-only: what an account was opened as; its password is never here
    "account_opening",
    metadata,
    Column("staff_id", HEX32, ForeignKey("staff.id"), primary_key=True),
    Column("username", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("billing_role", String(16), nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", HEX32, ForeignKey("staff.id"), nullable=False),
    Column("form_token", String(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(64), nullable=False),  # SHA-256 of the name typed
    Column("address", String(64), nullable=False),  # SHA-256 of the peer's address
    Column("at_ms", BigInteger, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "account", "at_ms"),
    Index(None, "address", "at_ms"),
)

read_log = Table(  # append-only: who saw which patient, where, when
    "read_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("staff_id", HEX32, nullable=False),
    Column("patient_id", HEX32),
    Column("route", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
