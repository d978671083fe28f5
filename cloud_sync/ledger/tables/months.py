"""Practice settings, and months as they were closed, signed and released to billing."""

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

from cloud_sync.ledger.cells import SealedText
from cloud_sync.ledger.tables.base import HEX32, metadata

practice_setting = Table(  # append-only: the newest effective row of a name holds
    "practice_setting",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("name", String(32), nullable=False),  # a key of the case file's `settings`
    Column("value", Text, nullable=False),  # canonical JSON
    Column("effective_from_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

month_snapshot = Table(  # append-only: a patient's month as it stood when it was closed
    "month_snapshot",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("month", String(7), nullable=False),  # `2026-01`
    Column("version", Integer, nullable=False),
    Column("body", SealedText, nullable=False),  # canonical JSON
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the body
    Column("reason", SealedText),  # why the month was opened again; none for version 1
    Column("made_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
    UniqueConstraint("patient_id", "month", "version"),
)

attestation = Table(  # append-only: a practitioner's signature under a snapshot
    "attestation",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("snapshot_id", HEX32, ForeignKey("month_snapshot.id"), nullable=False, unique=True),
    Column("digest", LargeBinary(32), nullable=False),  # of the snapshot, as it was shown
    Column("statement", Text, nullable=False),
    Column("staff_id", HEX32, ForeignKey("staff.id"), nullable=False),
    Column("signed_at_ms", BigInteger, nullable=False),
)

attestation_void = Table(  # append-only
    "attestation_void",
    metadata,
    Column("attestation_id", HEX32, ForeignKey("attestation.id"), primary_key=True),
    Column("reason", SealedText, nullable=False),
    Column("voided_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
)

release = Table(  # append-only: what the biller handed to billing of one version of a month
    "release",
    metadata,
    Column("id", HEX32, primary_key=True),
    # A version is released once; a further release of the month has a version of its own.
    Column("snapshot_id", HEX32, ForeignKey("month_snapshot.id"), nullable=False, unique=True),
    Column("attestation_id", HEX32, ForeignKey("attestation.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # of the snapshot, as it was shown
    Column("lines", SealedText, nullable=False),  # canonical JSON
    Column("released_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
)

release_void = Table(  # append-only: the month was opened again under it
    "release_void",
    metadata,
    Column("release_id", HEX32, ForeignKey("release.id"), primary_key=True),
    Column("reason", SealedText, nullable=False),
    Column("voided_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
)

month_touched = Table(  # a queue: from this month on, what was closed must be compared again
    "month_touched",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("from_month", String(7), nullable=False),  # `2026-01`
    Index(None, "patient_id"),
)
