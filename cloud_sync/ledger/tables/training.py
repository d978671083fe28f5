"""What only a training practice has: its mark, its trainees' cases, and a reviewer's words."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from cloud_sync.ledger.tables.base import HEX32, metadata

training_mark = Table(  # append-only: its one row says that nothing here may ever be billed
    "training_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("made_at_ms", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="one"),
)

training_case = Table(  # append-only: one trainee at work on one scripted case
    "training_case",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("scenario", String(64), nullable=False),
    Column("patient_id", HEX32, ForeignKey("patient.id"), nullable=False, unique=True),
    Column("author", HEX32, ForeignKey("staff.id"), nullable=False),  # the trainee
    Column("recorded_at_ms", BigInteger, nullable=False),
)

training_review = Table(  # append-only: what a reviewer says of an entry, or of the whole case
    "training_review",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("case_id", HEX32, ForeignKey("training_case.id"), nullable=False),
    Column("care_time_id", HEX32, ForeignKey("care_time.id")),  # null: the case as a whole
    Column("verdict", String(16), nullable=False),
    Column("words", Text, nullable=False),
    Column("author", HEX32, ForeignKey("staff.id"), nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    CheckConstraint("verdict in ('sound', 'needs_work')", name="verdict"),
)
