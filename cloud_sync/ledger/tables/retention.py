"""Legal holds: what must be kept though its time is over."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from cloud_sync.ledger.tables.base import HEX32, metadata

legal_hold = Table(  # append-only: stands until a row of `legal_hold_lift` names it
    "legal_hold",
    metadata,
    Column("id", HEX32, primary_key=True),
    Column("patient_id", HEX32, ForeignKey("patient.id")),  # null: the whole practice
    Column("reason", Text, nullable=False),
    Column("placed_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
    Index(None, "patient_id"),
)

legal_hold_lift = Table(  # append-only: at most one a hold
    "legal_hold_lift",
    metadata,
    Column("hold_id", HEX32, ForeignKey("legal_hold.id"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("lifted_at_ms", BigInteger, nullable=False),
    Column("author", HEX32, nullable=False),
)
