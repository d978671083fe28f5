"""Hubs, what they sent, and what became of it."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cloud_sync.ledger.cells import SealedBytes
from cloud_sync.ledger.tables.base import HEX32, metadata

hub = Table(
    "hub",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("label", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verify_key", LargeBinary(32)),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("enrolled_at_ms", BigInteger),
    Column("state_message", LargeBinary),  # the latest signed one, as received
    Column("state_at_ms", BigInteger),
    Column("link_up", Boolean, nullable=False, default=False),
    CheckConstraint("state in ('pending', 'active', 'revoked')", name="state"),
)

hub_key = Table(  # append-only: the key that a hub's envelopes are checked with, from its enrolment
    "hub_key",
    metadata,
    Column("hub_id", HEX32, ForeignKey("hub.id"), primary_key=True),
    Column("verify_key", LargeBinary(32), primary_key=True),
    Column("enrolled_at_ms", BigInteger, nullable=False),
)

enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("hub_id", HEX32, ForeignKey("hub.id"), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("used_at_ms", BigInteger),
)

hub_certificate = Table(
    "hub_certificate",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("hub_id", HEX32, ForeignKey("hub.id"), nullable=False),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("not_after_ms", BigInteger, nullable=False),
)

envelope = Table(  # append-only
    "envelope",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 of the body
    Column("hub_id", HEX32, ForeignKey("hub.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("suite", Integer, nullable=False),
    Column("key_id", BigInteger, nullable=False),
    Column("body", SealedBytes, nullable=False),
    Column("committed_at_ms", BigInteger, nullable=False),
    UniqueConstraint("hub_id", "epoch", "seq"),
)

unopened = (
    Table(  # the opener's queue: ingest adds in the envelope's transaction, the opener removes
        "unopened",
        metadata,
        Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    )
)

opening = Table(  # append-only: what became of each envelope
    "opening",
    metadata,
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("observation_id", LargeBinary(32)),
    Column("opened_at_ms", BigInteger, nullable=False),
    CheckConstraint("outcome in ('observation', 'copy', 'anchor', 'unopenable')", name="outcome"),
)

time_anchor = Table(  # append-only: the true time at one moment of a hub's boot
    "time_anchor",
    metadata,
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    Column("hub_id", HEX32, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("monotonic_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("error_ms", BigInteger, nullable=False),
    UniqueConstraint("hub_id", "epoch", "seq"),
)

quarantine = Table(  # append-only: what did not verify or open, kept whole
    "quarantine",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 over topic, zero byte, body
    Column("topic", Text, nullable=False),
    Column("hub_id", HEX32),
    Column("reason", String(32), nullable=False),
    Column("body", SealedBytes, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("hub_id", HEX32),
    Column("detail", Text, nullable=False),
    Column("seen_at_ms", BigInteger),
    Column("seen_by", HEX32),
)

observation = Table(
    "observation",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # the observation id inside the envelope
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), nullable=False),
    Column("hub_id", HEX32, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("user_slot", Integer),
    Column("kind", String(32), nullable=False),
    Column("sequence", BigInteger),
    Column("plaintext", SealedBytes, nullable=False),  # the opened bytes, as received
    Column("received_at_ms", BigInteger, nullable=False),  # at the hub, by its clock
    Column("committed_at_ms", BigInteger, nullable=False),  # at the clinic: the receipt's time
    # Derived, and followed when an assignment, a zone or a time anchor changes:
    Column("measured_at_ms", BigInteger),
    Column("measured_method", String(16)),
    Column("uncertainty_ms", BigInteger),
    Column("patient_id", HEX32),
    Column("local_day", Date),
    Index(None, "patient_id", "local_day"),
    Index(None, "device_id", "sequence"),
    Index(
        "ix_observation_unclaimed",
        "device_id",
        sqlite_where=text("patient_id is null"),
        postgresql_where=text("patient_id is null"),
    ),
)
