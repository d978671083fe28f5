"""The keys that open what is sealed at rest, and what was erased by destroying them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from cloud_sync.ledger.tables.base import HEX32, metadata

data_key = Table(  # a row goes only when `erased` names it; only its wrapping changes
    "data_key",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("subject", String(40), nullable=False),  # `patient/` or `hub/` and an id
    Column("period", String(7), nullable=False),  # a year, a month, or empty: the patient's file
    Column("wrapped", LargeBinary, nullable=False),  # under the clinic's key, which is elsewhere
    UniqueConstraint("subject", "period"),
)

erasure = Table(  # append-only: one act of destroying keys
    "erasure",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("statement", LargeBinary(32), nullable=False),  # SHA-256 of the signed statement
    Column("approved_by", Text, nullable=False),
    Column("keys_destroyed", Integer, nullable=False),
    Column("erased_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

erased = Table(  # append-only: which keys, and whose
    "erased",
    metadata,
    Column("subject", String(40), primary_key=True),
    Column("period", String(7), primary_key=True),
    Column("erasure_id", HEX32, ForeignKey("erasure.id"), nullable=False),
    Column("key_id", HEX32),  # null: nothing had been sealed
    Index(None, "key_id"),
)
