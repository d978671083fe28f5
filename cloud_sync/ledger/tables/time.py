"""Care time: measured intervals, their corrections and what they worked on."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from cloud_sync.ledger.cells import SealedText
from cloud_sync.ledger.tables.base import HEX32, metadata

running_clock = Table(  # at most one a worker: the primary key says so
    "running_clock",
    metadata,
    Column("staff_id", HEX32, ForeignKey("staff.id"), primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("program", String(8), nullable=False),
    Column("started_at_ms", BigInteger, nullable=False),
    CheckConstraint("program in ('RPM', 'CCM', 'other')", name="program"),
)

care_time = Table(  # append-only
    "care_time",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False),
    Column("staff_id", HEX32, ForeignKey("staff.id"), nullable=False),
    Column("program", String(8), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("activity", SealedText(declared=64), nullable=False),
    Column("note", SealedText, nullable=False),
    Column("interactive", Boolean, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("direction", String(16)),  # who began the contact; null: none, or not told
    Column("party", String(16)),  # who was spoken to
    Column("patients", Integer, nullable=False, default=1),  # of a group activity: its share is 1/n
    Column("measured", Boolean, nullable=False),  # by the clock, not typed in
    Column("entered_at_ms", BigInteger, nullable=False),
    Column("corrects", HEX32),
    Column("reason", SealedText),  # why it was corrected or split; null in older rows
    Column("split_from", HEX32, ForeignKey("care_time.id")),  # the entry this is a part of
    Column("import_id", HEX32, ForeignKey("time_import.id")),  # null: recorded here
    Column("external_id", String(64)),  # SHA-256 of the imported row: it comes in once
    Column("salt", SealedText),
    CheckConstraint("program in ('RPM', 'CCM', 'other')", name="program"),
    CheckConstraint("end_ms > start_ms", name="order"),
    CheckConstraint("patients between 1 and 100", name="patients"),
    CheckConstraint("direction in ('incoming', 'outgoing')", name="direction"),
    CheckConstraint("party in ('patient', 'caregiver', 'other')", name="party"),
    Index(None, "patient_id", "start_ms"),
    Index(None, "staff_id", "end_ms"),
    Index("uq_care_time_corrects", "corrects", unique=True),  # one correction a row: no forks
    Index("uq_care_time_external_id", "external_id", unique=True),
)

time_import = Table(  # append-only: a file of time that another system kept
    "time_import",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("source", Text, nullable=False),  # what the practice calls that system
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the file
    Column("rows_kept", Integer, nullable=False),
    Column("rows_known", Integer, nullable=False),  # were there already
    Column("rows_overlapping", Integer, nullable=False),  # of those kept
    Column("imported_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)

care_time_void = Table(  # append-only: an interval that counts no longer, and nothing instead of it
    "care_time_void",
    metadata,
    Column("care_time_id", HEX32, ForeignKey("care_time.id"), primary_key=True),
    Column("reason", SealedText, nullable=False),
    Column("voided_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Column("salt", SealedText),
)

care_time_review = Table(  # append-only: which readings an interval worked on
    "care_time_review",
    metadata,
    Column("care_time_id", HEX32, ForeignKey("care_time.id"), primary_key=True),
    Column("observation_id", LargeBinary(32), ForeignKey("observation.id"), primary_key=True),
)

care_time_link = Table(  # append-only: the alerts and plans an interval worked on
    "care_time_link",
    metadata,
    Column("care_time_id", HEX32, ForeignKey("care_time.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("ref_id", HEX32, primary_key=True),
    CheckConstraint("kind in ('alert', 'care_plan')", name="kind"),
    Index(None, "kind", "ref_id"),
)
