"""Thresholds, the alerts they raised, and what staff did about them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from cloud_sync.ledger.cells import SealedText
from cloud_sync.ledger.tables.base import HEX32, metadata

alert_threshold = Table(  # append-only: the newest row of a patient's measure holds
    "alert_threshold",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("measure", String(32), nullable=False),
    Column("low", SealedText("NaN")),  # a decimal; an alert below it
    Column("high", SealedText("NaN")),  # a decimal; an alert above it. Neither: none
    Column("reason", SealedText, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
    Index(None, "patient_id"),
)

alert = Table(  # append-only: a reading that had just been taken lay outside
    "alert",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("observation_id", LargeBinary(32), ForeignKey("observation.id"), nullable=False),
    Column("threshold_id", HEX32, ForeignKey("alert_threshold.id"), nullable=False),
    Column("measure", String(32), nullable=False),
    Column("value", SealedText("NaN"), nullable=False),
    Column("bound", SealedText("NaN"), nullable=False),
    Column("side", String(8), nullable=False),
    Column("raised_at_ms", BigInteger, nullable=False),
    Column("salt", SealedText),
    CheckConstraint("side in ('low', 'high')", name="side"),
    UniqueConstraint("observation_id", "measure"),
    Index(None, "patient_id"),
)

alert_handling = Table(  # append-only: somebody saw it, or is done with it
    "alert_handling",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("alert_id", HEX32, ForeignKey("alert.id"), nullable=False),
    Column("action", String(16), nullable=False),
    Column("note", SealedText),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
    CheckConstraint("action in ('seen', 'handled')", name="action"),
    Index(None, "alert_id"),
)
