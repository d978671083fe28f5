"""The chain over every recorded fact, and its signed checkpoints."""

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

entry = Table(  # append-only, gap-free: the chain over every recorded fact (`ledger.entries`)
    "entry",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # from 1
    Column("kind", String(32), nullable=False),  # the row's table
    Column("row_id", Text, nullable=False),
    Column("author", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),  # SHA-256 of the canonical record
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    UniqueConstraint("kind", "row_id"),
)

batch = Table(  # append-only: rows that ingest and opener wrote, vouched for together
    "batch",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

covered = Table(  # append-only: which row lies in which batch
    "covered",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("row_id", LargeBinary(32), primary_key=True),
    Column("batch_id", HEX32, ForeignKey("batch.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Index(None, "batch_id"),
)

checkpoint = Table(  # append-only: signed statements of how long the chain is, and its root
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),  # roots of complete subtrees, to go on from
    Column("note", Text, nullable=False),
)

time_token = Table(  # append-only: an authority's word on when a checkpoint was there (RFC 3161)
    "time_token",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),  # SHA-256 of the token
    Column("size", BigInteger, ForeignKey("checkpoint.size"), nullable=False),
    Column("authority", String(64), nullable=False),  # the practice's name for it
    Column("trusted", Text, nullable=False),  # the certificates it was checked by, PEM
    Column("token", LargeBinary, nullable=False),
    Column("stamped_at_ms", BigInteger, nullable=False),  # by the authority
    Column("taken_at_ms", BigInteger, nullable=False),  # by the clinic
    Index(None, "size"),
)
