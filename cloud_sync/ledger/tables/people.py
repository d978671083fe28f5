"""Patients, their devices and what is on file for them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from cloud_sync.ledger.cells import SealedDate, SealedText
from cloud_sync.ledger.tables.base import HEX32, metadata

device = Table(  # only its label changes, and its kind once: the database sees to it
    "device",
    metadata,
    Column("id", Text, primary_key=True),  # `ble:...` or `serial:...`
    Column("profile", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("label", Text, nullable=False),
    Column("fda_defined", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
)

device_registration = Table(  # append-only: what a device was registered as
    "device_registration",
    metadata,
    Column("device_id", Text, ForeignKey("device.id"), primary_key=True),
    Column("profile", Text, nullable=False),
    Column("fda_defined", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("registered_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

patient = Table(
    "patient",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

patient_detail = Table(  # append-only: the newest row that no other corrects is in force
    "patient_detail",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("name", SealedText("Erased record"), nullable=False),
    Column("birth_date", SealedDate),
    Column("record_number", SealedText),
    Column("zone", Text, nullable=False),  # IANA name: decides the local date
    Column("payer", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("corrects", HEX32),
    Column("reason", SealedText),  # why it was corrected; null in rows older than the column
    Column("salt", SealedText),  # of a sealed row: its leaf cannot be guessed
    Index(None, "patient_id"),
    Index(None, "corrects"),
)

assignment = Table(  # append-only
    "assignment",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("device_id", Text, ForeignKey("device.id"), nullable=False),
    Column("user_slot", Integer),  # null: every slot of the device
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("assigned_from_ms", BigInteger, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Index(None, "patient_id"),
    Index(None, "device_id"),
)

assignment_end = Table(  # append-only
    "assignment_end",
    metadata,
    Column("assignment_id", HEX32, ForeignKey("assignment.id"), primary_key=True),
    Column("assigned_to_ms", BigInteger, nullable=False),  # its start: it was made in error
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("reason", SealedText),
    Column("salt", SealedText),
)

program_fact = Table(  # append-only: consent, order, visit, plan, episode (`ledger.facts`)
    "program_fact",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # `consents`, `orders`, ...: `facts.KINDS`
    Column("body", SealedText("{}"), nullable=False),  # that kind's struct, canonical JSON
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("corrects", HEX32),
    Column("reason", SealedText),  # why it was corrected; null in rows older than the column
    Column("salt", SealedText),
    Index(None, "patient_id"),
    Index(None, "corrects"),
)
